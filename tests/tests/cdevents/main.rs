//! CDEvents, in and out: what real samples of the specification become, what the plane's own events
//! are told as, and both through a running plane.

mod becomes;
mod golden;
mod linked;
mod plane;
mod schema;
mod told;
