//! What the tests of every crate share: vector files, a virtual clock and repeatable randomness.
//!
//! Nothing here is published, and nothing here is fit for use outside tests: [`TestRng`] is predictable on purpose.
//! The helpers panic on misuse with a message that names the file and line of the vector concerned, so that a
//! failing test says where to look.

mod clock;
pub mod heap;
#[cfg(feature = "pair")]
pub mod pair;
mod rng;
#[cfg(feature = "krb5")]
pub mod ticket;
pub mod vectors;

pub use clock::TestClock;
#[cfg(feature = "pair")]
pub use pair::Pair;
pub use rng::{ScriptedRng, TestRng};
