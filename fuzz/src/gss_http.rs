//! Oracles for `gss-http`.

/// A mechanism that follows a script.
#[path = "../../crates/gss-http/tests/it/scripted.rs"]
mod scripted;

pub mod client;
pub mod fields;
pub mod gss;
pub mod server;

use crate::input::Input;

/// Up to four field lines.
fn lines<'a>(input: &mut Input<'a>) -> Vec<&'a [u8]> {
    let count = input.byte() % 4;
    (0..count).map(|_| input.chunk()).collect()
}
