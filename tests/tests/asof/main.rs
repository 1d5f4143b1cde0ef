//! Views as they were: what is answered as of a position is what a plane answers that never saw
//! more, however it is come by.

mod batches;
mod builds;
mod log;
mod moments;
mod same;
mod sorted;
