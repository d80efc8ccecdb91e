use crate::gss::{NONCE_WINDOW, Nonce};

const BITS: u64 = u64::BITS as u64;
/// One word more than the window has bits for: the highest nonce lies anywhere in its word (RFC 6479 section 2).
const WORDS: u64 = 5;

/// Which nonces of a context were used: the highest, and a bit for each one at most [`NONCE_WINDOW`] below.
#[derive(Clone, Copy, Default)]
pub(super) struct NonceWindow {
    highest: u64,
    words: [u64; 5], // bit n of the ring stands for the nonce that is n modulo its size
}

impl NonceWindow {
    /// Uses a nonce; `false` if it was used or is too low.
    pub(super) fn take(&mut self, nonce: Nonce) -> bool {
        let nonce = nonce.get();
        if nonce > self.highest {
            let (old, new) = (self.highest / BITS, nonce / BITS);
            // Words that the window moves over hold what lies below it by now.
            for block in old..new.min(old.saturating_add(WORDS)) {
                *self.word(block.saturating_add(1)) = 0;
            }
            self.highest = nonce;
        } else if self.highest.saturating_sub(nonce) > NONCE_WINDOW {
            return false;
        }
        let bit = 1_u64.checked_shl(u32::try_from(nonce % BITS).unwrap_or(0)).unwrap_or(0);
        let word = self.word(nonce / BITS);
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }

    /// The word with the bits of nonces in this block of 64.
    fn word(&mut self, block: u64) -> &mut u64 {
        let [first, second, third, fourth, fifth] = &mut self.words;
        match block % WORDS {
            0 => first,
            1 => second,
            2 => third,
            3 => fourth,
            _ => fifth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    fn take(window: &mut NonceWindow, nonce: u64) -> bool {
        window.take(Nonce::new(nonce).unwrap())
    }

    #[test]
    fn the_edges_of_the_window() {
        for highest in [NONCE_WINDOW + 1, 319, 320, 321, 1023, 1024, 1 << 40, Nonce::LAST.get()] {
            let mut window = NonceWindow::default();
            assert!(take(&mut window, highest) && !take(&mut window, highest));
            let lowest = highest - NONCE_WINDOW;
            assert!(take(&mut window, lowest) && !take(&mut window, lowest));
            assert!(lowest == 1 || !take(&mut window, lowest - 1));
            assert!((lowest + 1..highest).all(|nonce| take(&mut window, nonce)));
            assert!((lowest..=highest).all(|nonce| !take(&mut window, nonce)));
        }
    }

    proptest! {
        /// Against a set of all that was used.
        #[test]
        fn a_nonce_is_used_once(steps in prop::collection::vec((any::<bool>(), 0_u64..700), 1..300)) {
            let (mut window, mut used, mut highest) = (NonceWindow::default(), BTreeSet::new(), 1_u64);
            for (forward, step) in steps {
                let nonce = if forward { highest + step } else { highest.saturating_sub(step).max(1) };
                let expected = (nonce > highest || highest - nonce <= NONCE_WINDOW) && !used.contains(&nonce);
                prop_assert_eq!(take(&mut window, nonce), expected, "{} after {}", nonce, highest);
                if expected {
                    used.insert(nonce);
                    highest = highest.max(nonce);
                }
            }
        }
    }
}
