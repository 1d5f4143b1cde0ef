//! NATS and Postgres over TLS, under certificates made in the test: a plane that works by them, and every
//! wrong one, at the start and while services run.

mod later;
mod refused;
mod works;
