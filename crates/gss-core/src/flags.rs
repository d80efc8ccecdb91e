use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Sub};

/// What a context offers or was asked for: the `GSS_C_*_FLAG` bits of RFC 2744 and its extensions.
///
/// Unknown bits are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ContextFlags(u32);

impl ContextFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Credentials are delegated to the acceptor.
    pub const DELEGATION: Self = Self(1);
    /// The acceptor proves itself too.
    pub const MUTUAL: Self = Self(2);
    /// Replayed messages are detected.
    pub const REPLAY: Self = Self(4);
    /// Messages out of sequence are detected.
    pub const SEQUENCE: Self = Self(8);
    /// Messages can be encrypted.
    pub const CONFIDENTIALITY: Self = Self(16);
    /// Messages can be signed.
    pub const INTEGRITY: Self = Self(32);
    /// The initiator stays anonymous.
    pub const ANONYMOUS: Self = Self(64);
    /// Messages may be protected before the context is complete.
    pub const PROT_READY: Self = Self(128);
    /// The context can be moved to another process.
    pub const TRANSFERABLE: Self = Self(256);
    /// The channel bindings of both sides were compared and match.
    pub const CHANNEL_BOUND: Self = Self(0x800);
    /// DCE style: three legs, no token framing (RFC 4757 section 7.1, MS-KILE 3.4.5.1).
    pub const DCE_STYLE: Self = Self(0x1000);
    /// The acceptor may identify the initiator but not act for it.
    pub const IDENTIFY: Self = Self(0x2000);
    /// Errors carry extended information (MS-KILE 3.4.5).
    pub const EXTENDED_ERROR: Self = Self(0x4000);
    /// Delegate only where the ticket says `OK-AS-DELEGATE` (RFC 5896).
    pub const DELEGATION_POLICY: Self = Self(0x8000);

    /// The flags of a bit mask as RFC 2744 numbers them.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bit mask as RFC 2744 numbers it.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These flags with `other` added.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags with `other` taken away.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The flag of a name as [`names`](Self::names) gives them: `mutual`, `conf` and so on.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(flag, _)| *flag)
    }

    /// The short names of the known flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| *name)
    }
}

impl BitOr for ContextFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl BitOrAssign for ContextFlags {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}

impl BitAnd for ContextFlags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Sub for ContextFlags {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.without(other)
    }
}

/// The names of the set flags, joined by `|`; unknown bits in hexadecimal.
impl fmt::Debug for ContextFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for name in self.names() {
            write!(f, "{separator}{name}")?;
            separator = "|";
        }
        let known = NAMES.iter().fold(0, |bits, (flag, _)| bits | flag.0);
        let unknown = self.0 & !known;
        if unknown != 0 {
            write!(f, "{separator}{unknown:#x}")?;
        } else if separator.is_empty() {
            f.write_str("none")?;
        }
        Ok(())
    }
}

impl fmt::Display for ContextFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

const NAMES: [(ContextFlags, &str); 14] = [
    (ContextFlags::DELEGATION, "deleg"),
    (ContextFlags::MUTUAL, "mutual"),
    (ContextFlags::REPLAY, "replay"),
    (ContextFlags::SEQUENCE, "sequence"),
    (ContextFlags::CONFIDENTIALITY, "conf"),
    (ContextFlags::INTEGRITY, "integ"),
    (ContextFlags::ANONYMOUS, "anon"),
    (ContextFlags::PROT_READY, "prot_ready"),
    (ContextFlags::TRANSFERABLE, "trans"),
    (ContextFlags::CHANNEL_BOUND, "channel_bound"),
    (ContextFlags::DCE_STYLE, "dce"),
    (ContextFlags::IDENTIFY, "identify"),
    (ContextFlags::EXTENDED_ERROR, "extended_error"),
    (ContextFlags::DELEGATION_POLICY, "deleg_policy"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn names_and_unknown_bits_are_printed() {
        let flags = ContextFlags::MUTUAL | ContextFlags::INTEGRITY | ContextFlags::from_bits(1 << 20);
        assert_eq!(format!("{flags:?}"), "mutual|integ|0x100000");
        assert_eq!(format!("{:?}", ContextFlags::NONE), "none");
        assert_eq!(ContextFlags::from_bits(flags.bits()), flags);
    }

    #[test]
    fn every_name_leads_back_to_its_flag() {
        for (flag, name) in NAMES {
            assert_eq!(ContextFlags::from_name(name), Some(flag));
            assert_eq!(flag.bits().count_ones(), 1);
        }
        assert_eq!(ContextFlags::from_name("Mutual"), None);
    }
}
