//! Where a KDC's keys and confounders come from.

use core::convert::Infallible;

use getrandom::SysRng;
use rand_core::{CryptoRng, TryCryptoRng, TryRng, UnwrapErr, utils};

/// The operating system's randomness.
pub(crate) fn system() -> Box<dyn CryptoRng + Send> {
    Box::new(UnwrapErr(SysRng))
}

/// The same bytes for the same seed. Everybody who knows the seed knows every key.
pub(crate) fn seeded(seed: u64) -> Box<dyn CryptoRng + Send> {
    Box::new(Seeded(seed))
}

/// SplitMix64.
struct Seeded(u64);

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d, ..] = self.try_next_u64()?.to_be_bytes();
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(out, || self.try_next_u64())
    }
}

impl TryCryptoRng for Seeded {}
