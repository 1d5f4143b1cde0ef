//! Whoever publishes: any NATS client, in either form of a CloudEvent, and the examples of the guide
//! as they stand there.

mod binary;
mod examples;
mod tools;
