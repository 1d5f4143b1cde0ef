//! The plane under test: what integration tests share. It holds no tests itself.

pub mod admin;
pub mod audit;
pub mod authority;
pub mod cluster;
pub mod counter;
pub mod faber;
pub mod faber_folders;
pub mod forge;
pub mod harness;
pub mod hpub;
pub mod issuer;
pub mod kill;
pub mod next;
pub mod patience;
pub mod proxy;
pub mod publisher;
pub mod race;
pub mod rest;
pub mod roll;
pub mod running;
pub mod scrape;
pub mod sender;
pub mod sql;
pub mod tools;
pub mod tree;
pub mod web;
