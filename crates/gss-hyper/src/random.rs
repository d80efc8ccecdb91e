//! Randomness and time of the system.

use getrandom::SysRng;
use gss::{Env, Timestamp};
use rand_core::UnwrapErr;

/// Calls `use_it` with the system's randomness and this time. A system without randomness ends the program: there is
/// nothing that could be done without.
pub(crate) fn with_env<R>(now: Timestamp, use_it: impl FnOnce(&mut Env<'_>) -> R) -> R {
    use_it(&mut Env::new(now, &mut UnwrapErr(SysRng)))
}
