//! The processes: services and what they are made of, the command line, and a plane of one's own on
//! a laptop. Wiring only; what is decided is decided in the core.

pub mod access;
pub mod approval;
pub mod backup;
pub mod cdevents;
pub mod cli;
pub mod client;
pub mod clock;
pub mod dead_letter;
pub mod deadline;
pub mod deadlines;
pub mod decides;
pub mod deployment;
pub mod doctor;
pub mod door;
pub mod external;
pub mod faber;
pub mod heartbeat;
pub mod http;
pub mod init;
pub mod ledger;
pub mod limits;
pub mod local;
pub mod metrics;
pub mod oidc;
pub mod patience;
pub mod projects;
pub mod reacts;
pub mod retries;
pub mod run;
pub mod serve;
pub mod service;
pub mod setup;
pub mod tells;
pub mod tls;
pub mod up;
