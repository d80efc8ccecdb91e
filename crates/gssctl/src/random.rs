//! Randomness from the operating system.

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;

/// The system's generator. It ends the program when the system has no randomness to give: there is nothing that could
/// be done without.
pub(crate) fn system() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
