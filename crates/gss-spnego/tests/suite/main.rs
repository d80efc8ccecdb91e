//! SPNEGO against itself over a scripted mechanism, against every kind of tampering, and its codec.
#![cfg(feature = "alloc")]

mod codec;
mod hints;
mod matrix;
mod pair;
mod peer;
mod raw;
mod rows;
mod scripted;
mod tamper;
mod tolerance;
mod vectors;
