//! The plane under test: what integration tests share. It holds no tests itself.

pub mod harness;
