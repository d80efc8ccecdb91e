//! Repeatable randomness behind `rand_core`'s traits.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng, utils};

/// A predictable generator that claims to be a `CryptoRng`, so that code under test takes it. **Not secure.**
///
/// The same seed gives the same bytes on every platform and in every version, so tokens made with it can be pinned.
/// The bytes are those of a SplitMix64 sequence, little endian.
#[derive(Clone, Debug)]
pub struct TestRng {
    state: u64,
}

impl TestRng {
    /// A generator that everybody who knows `seed` can predict.
    pub fn insecure(seed: u64) -> Self {
        Self { state: seed }
    }
}

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        // SplitMix64: a Weyl sequence (step: 2^64 divided by the golden ratio) through a mixing function.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(dst, || self.try_next_u64())
    }
}

impl TryCryptoRng for TestRng {}

/// Hands out exactly the bytes it was given, for vectors that state their confounder or nonce. **Not secure.**
///
/// Asking for more bytes than are left panics: a vector that runs dry is a test that checks something else than
/// it says. [`ScriptedRng::assert_used_up`] is the check in the other direction.
#[derive(Clone, Debug)]
pub struct ScriptedRng {
    bytes: Vec<u8>,
    taken: usize,
}

impl ScriptedRng {
    /// A generator whose whole output is `bytes`.
    pub fn insecure(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), taken: 0 }
    }

    /// Panics unless every scripted byte was asked for.
    #[track_caller]
    pub fn assert_used_up(&self) {
        assert_eq!(self.taken, self.bytes.len(), "the code under test left scripted random bytes unread");
    }
}

impl TryRng for ScriptedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        let left = &self.bytes[self.taken..];
        assert!(dst.len() <= left.len(), "asked for {} random bytes, {} are scripted", dst.len(), left.len());
        dst.copy_from_slice(&left[..dst.len()]);
        self.taken += dst.len();
        Ok(())
    }
}

impl TryCryptoRng for ScriptedRng {}

#[cfg(test)]
mod tests {
    use rand_core::{CryptoRng, Rng};

    use super::*;

    fn sixteen(rng: &mut dyn CryptoRng) -> [u8; 16] {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        bytes
    }

    #[test]
    fn the_seed_decides_the_bytes() {
        assert_eq!(sixteen(&mut TestRng::insecure(1)), sixteen(&mut TestRng::insecure(1)));
        assert_ne!(sixteen(&mut TestRng::insecure(1)), sixteen(&mut TestRng::insecure(2)));
    }

    #[test]
    fn the_sequence_is_splitmix64() {
        // First outputs of the reference algorithm for seed 0; pinned so that recorded tokens stay valid.
        let mut rng = TestRng::insecure(0);
        assert_eq!([rng.next_u64(), rng.next_u64()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn a_script_is_followed_to_the_byte() {
        let mut rng = ScriptedRng::insecure([1, 2, 3, 4, 5]);
        assert_eq!(rng.next_u32(), 0x0403_0201);
        let mut last = [0; 1];
        rng.fill_bytes(&mut last);
        assert_eq!(last, [5]);
        rng.assert_used_up();
    }

    #[test]
    #[should_panic(expected = "asked for 4 random bytes, 2 are scripted")]
    fn a_script_that_runs_dry_panics() {
        ScriptedRng::insecure([1, 2]).next_u32();
    }

    #[test]
    #[should_panic(expected = "left scripted random bytes unread")]
    fn a_script_with_bytes_to_spare_is_noticed() {
        ScriptedRng::insecure([1]).assert_used_up();
    }
}
