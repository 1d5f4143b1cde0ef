//! What is stored on is full: a stream at its limit, the disk of NATS, the disk of Postgres. What is refused
//! is refused aloud, nothing that was acknowledged is forgotten, and with room everything goes on.

mod disk;
mod limit;
mod room;
