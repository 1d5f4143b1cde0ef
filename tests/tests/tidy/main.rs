//! The house's rules as tests: who imports what, what the core may not touch, how long a file is,
//! and that every list names everything there is. They read the checkout and start no server.

mod commands;
mod containers;
mod imports;
mod lists;
mod running;
mod texts;
