//! FABER's files and events: that the table of `docs/guides/faber.md` holds, and that real projects
//! come out of the plane as they went in.

mod again;
mod coverage;
mod data;
mod moves;
mod real;
