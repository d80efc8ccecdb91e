//! Sequence numbers of per-message tokens: those we give out, and the window of those received
//! (RFC 2743 section 1.2.3, RFC 4121 section 4.2.1).
//!
//! For mechanisms: what all of them count alike.

use crate::{ContextFlags, MessageError, SequenceStatus};

/// How many bits of a sequence number a token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// RFC 4757 and MS-NLMP tokens. The numbers go on at zero after 2^32-1.
    Bits32,
    /// RFC 4121 tokens.
    Bits64,
}

impl Width {
    const fn bits(self) -> u32 {
        match self {
            Self::Bits32 => u32::BITS,
            Self::Bits64 => u64::BITS,
        }
    }

    /// The part of a number that a token carries.
    const fn truncate(self, number: u64) -> u64 {
        match self {
            Self::Bits32 => number & 0xffff_ffff,
            Self::Bits64 => number,
        }
    }

    /// How far `to` lies after `from`, negative if before: the shorter way around.
    const fn distance(self, from: u64, to: u64) -> i64 {
        let unused = u64::BITS.saturating_sub(self.bits());
        to.wrapping_sub(from).wrapping_shl(unused).cast_signed().wrapping_shr(unused)
    }
}

/// Numbers the messages we send. No number is given out twice.
#[derive(Debug)]
pub struct SendSequence {
    width: Width,
    first: u64,
    next: Option<u64>,
}

impl SendSequence {
    /// Numbers from `first` on.
    #[must_use]
    pub fn new(width: Width, first: u64) -> Self {
        let first = width.truncate(first);
        Self { width, first, next: Some(first) }
    }

    /// The number for the next message. It is used up by [`advance`](Self::advance), once the message is made.
    ///
    /// # Errors
    /// [`MessageError::SequenceExhausted`].
    pub fn current(&self) -> Result<u64, MessageError> {
        self.next.ok_or(MessageError::SequenceExhausted)
    }

    /// The message is made: goes on to the next number.
    pub fn advance(&mut self) {
        self.next = self.next.and_then(|number| match self.width {
            Width::Bits64 => number.checked_add(1),
            // A number used twice would mean a key stream used twice (RFC 4757 section 7.3).
            Width::Bits32 => {
                Some(self.width.truncate(number.wrapping_add(1))).filter(|next| *next != self.first)
            }
        });
    }
}

/// Remembers which of the last 64 messages came in.
#[derive(Debug)]
pub struct ReceiveWindow {
    width: Width,
    /// The number that is expected next.
    next: u64,
    /// Bit i: number `next - 1 - i` was seen.
    seen: u64,
    replay: bool,
    sequence: bool,
}

impl ReceiveWindow {
    /// A window that expects number `first`; `flags` say what is to be detected.
    #[must_use]
    pub fn new(width: Width, first: u64, flags: ContextFlags) -> Self {
        Self {
            width,
            next: width.truncate(first),
            seen: 0,
            replay: flags.contains(ContextFlags::REPLAY),
            sequence: flags.contains(ContextFlags::SEQUENCE),
        }
    }

    /// Takes note of a message that was verified, and tells where it stands.
    pub fn note(&mut self, number: u64) -> SequenceStatus {
        if !self.replay && !self.sequence {
            return SequenceStatus::Ok;
        }
        let distance = self.width.distance(self.next, number);
        match u64::try_from(distance) {
            Ok(ahead) => self.note_ahead(number, ahead),
            Err(_) => self.note_behind(distance.unsigned_abs()),
        }
    }

    fn note_ahead(&mut self, number: u64, ahead: u64) -> SequenceStatus {
        let shift = u32::try_from(ahead.saturating_add(1)).unwrap_or(u32::MAX);
        self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
        self.next = self.width.truncate(number.wrapping_add(1));
        if self.sequence && ahead > 0 { SequenceStatus::Gap } else { SequenceStatus::Ok }
    }

    /// `behind` is 1 for the message before the one expected next.
    fn note_behind(&mut self, behind: u64) -> SequenceStatus {
        let bit = u32::try_from(behind.saturating_sub(1)).ok().and_then(|shift| 1_u64.checked_shl(shift));
        let Some(bit) = bit else {
            return if self.replay { SequenceStatus::Old } else { SequenceStatus::Unsequenced };
        };
        if self.replay && self.seen & bit != 0 {
            return SequenceStatus::Duplicate;
        }
        self.seen |= bit;
        if self.sequence { SequenceStatus::Unsequenced } else { SequenceStatus::Ok }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SequenceStatus::{Duplicate, Gap, Ok as InOrder, Old, Unsequenced};
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const NEITHER: ContextFlags = ContextFlags::MUTUAL;
    const REPLAY: ContextFlags = ContextFlags::REPLAY;
    const SEQUENCE: ContextFlags = ContextFlags::SEQUENCE;
    const BOTH: ContextFlags = ContextFlags::REPLAY.with(ContextFlags::SEQUENCE);

    fn statuses(flags: ContextFlags, first: u64, numbers: &[u64]) -> Vec<SequenceStatus> {
        let mut window = ReceiveWindow::new(Width::Bits64, first, flags);
        numbers.iter().map(|number| window.note(*number)).collect()
    }

    #[test]
    fn each_combination_of_flags_has_its_statuses() {
        let numbers = [10, 12, 11, 12, 75, 12, 76, 13];
        assert_eq!(
            statuses(BOTH, 10, &numbers),
            [InOrder, Gap, Unsequenced, Duplicate, Gap, Duplicate, InOrder, Unsequenced]
        );
        assert_eq!(
            statuses(REPLAY, 10, &numbers),
            [InOrder, InOrder, InOrder, Duplicate, InOrder, Duplicate, InOrder, InOrder]
        );
        assert_eq!(
            statuses(SEQUENCE, 10, &numbers),
            [InOrder, Gap, Unsequenced, Unsequenced, Gap, Unsequenced, InOrder, Unsequenced]
        );
        assert_eq!(statuses(NEITHER, 10, &[10, 10, 3, 99]), [InOrder; 4]);
    }

    #[test]
    fn the_window_holds_64_messages() {
        // After 100 the window reaches back to 37.
        assert_eq!(statuses(BOTH, 100, &[100, 37, 36]), [InOrder, Unsequenced, Old]);
        assert_eq!(statuses(REPLAY, 100, &[100, 37, 37, 36]), [InOrder, InOrder, Duplicate, Old]);
        assert_eq!(statuses(SEQUENCE, 100, &[100, 36]), [InOrder, Unsequenced]);
    }

    #[test]
    fn a_jump_beyond_the_window_forgets_what_was_seen_but_not_that_it_is_old() {
        assert_eq!(
            statuses(BOTH, 0, &[0, 1000, 999, 0, u64::MAX >> 2, 1000]),
            [InOrder, Gap, Unsequenced, Old, Gap, Old]
        );
    }

    #[test]
    fn numbers_of_32_bits_go_on_at_zero() {
        let mut window = ReceiveWindow::new(Width::Bits32, 0xffff_fffe, BOTH);
        let statuses: Vec<_> =
            [0xffff_fffe, 0xffff_ffff, 0, 1, 0xffff_ffff, 3, 2].map(|number| window.note(number)).into();
        assert_eq!(statuses, [InOrder, InOrder, InOrder, InOrder, Duplicate, Gap, Unsequenced]);
    }

    #[test]
    fn the_last_number_of_64_bits_is_taken() {
        assert_eq!(
            statuses(BOTH, u64::MAX - 1, &[u64::MAX - 1, u64::MAX, u64::MAX]),
            [InOrder, InOrder, Duplicate]
        );
    }

    #[test]
    fn sending_stops_when_the_numbers_are_used_up() {
        let mut wide = SendSequence::new(Width::Bits64, u64::MAX - 1);
        assert_eq!(wide.current(), Ok(u64::MAX - 1));
        wide.advance();
        assert_eq!(wide.current(), Ok(u64::MAX));
        wide.advance();
        assert_eq!(wide.current(), Err(MessageError::SequenceExhausted));
        wide.advance();
        assert_eq!(wide.current(), Err(MessageError::SequenceExhausted));
    }

    #[test]
    fn narrow_numbers_wrap_but_never_come_again() {
        let mut narrow = SendSequence::new(Width::Bits32, 0xffff_ffff);
        narrow.advance();
        assert_eq!(narrow.current(), Ok(0));
        // As if all others had been used.
        narrow.next = Some(0xffff_fffe);
        narrow.advance();
        assert_eq!(narrow.current(), Err(MessageError::SequenceExhausted));
    }

    #[test]
    fn a_number_is_not_used_up_by_looking_at_it() {
        let sequence = SendSequence::new(Width::Bits64, 7);
        assert_eq!(sequence.current(), sequence.current());
    }

    /// The same rules written with a set of everything ever seen.
    struct Model {
        next: i128,
        seen: HashSet<i128>,
        flags: ContextFlags,
    }

    impl Model {
        fn note(&mut self, number: i128) -> SequenceStatus {
            let replay = self.flags.contains(REPLAY);
            let sequence = self.flags.contains(SEQUENCE);
            if !replay && !sequence {
                return InOrder;
            }
            if number >= self.next {
                let gap = number > self.next;
                self.next = number + 1;
                self.seen.insert(number);
                return if gap && sequence { Gap } else { InOrder };
            }
            if number < self.next - 64 {
                return if replay { Old } else { Unsequenced };
            }
            match (self.seen.insert(number), replay, sequence) {
                (false, true, _) => Duplicate,
                (_, _, true) => Unsequenced,
                (_, _, false) => InOrder,
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_model_that_remembers_everything(
            first in prop_oneof![0_u64..200, (u64::from(u32::MAX) - 100)..(u64::from(u32::MAX))],
            wide in any::<bool>(),
            bits in 0_u32..4,
            steps in proptest::collection::vec(prop_oneof![Just(0_i64), -3_i64..4, -70_i64..70], 1..300),
        ) {
            let flags = ContextFlags::from_bits(bits << 2);
            let width = if wide { Width::Bits64 } else { Width::Bits32 };
            // The model counts without end; what goes into the window is cut to the width.
            let base = i128::from(first) + (1 << 40);
            let cut = |number: i128| width.truncate(number.rem_euclid(1 << 64) as u64);
            let mut window = ReceiveWindow::new(width, cut(base), flags);
            let mut model = Model { next: base, seen: HashSet::new(), flags };
            for step in steps {
                let number = model.next + i128::from(step);
                prop_assert_eq!(window.note(cut(number)), model.note(number), "number {}", number);
            }
        }

        #[test]
        fn with_replay_detection_no_number_passes_twice(
            numbers in proptest::collection::vec(0_u64..150, 1..400),
        ) {
            let mut window = ReceiveWindow::new(Width::Bits64, 0, REPLAY);
            let mut passed = HashSet::new();
            for number in numbers {
                if window.note(number) == InOrder {
                    prop_assert!(passed.insert(number), "{} passed twice", number);
                }
            }
        }
    }
}
