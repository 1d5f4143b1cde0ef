//! From the door to the answer, on a whole plane with real servers: a pipeline's event becomes a
//! decision, a fact, a row and an answer. One file a subject.

mod bad_input;
mod names;
mod outcomes;
mod private;
mod unheard;
