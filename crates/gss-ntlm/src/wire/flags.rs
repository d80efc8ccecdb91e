//! Bit sets: what the messages negotiate, and the flags among the attributes.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Sub};

/// A set of 32 named bits that keeps the bits it has no name for.
macro_rules! bit_set {
    (
        $(#[$about:meta])*
        $set:ident { $($(#[$doc:meta])* $flag:ident = $bits:literal, $name:literal;)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $set(u32);

        impl $set {
            /// No flag.
            pub const NONE: Self = Self(0);
            $($(#[$doc])* pub const $flag: Self = Self($bits);)+

            const NAMES: &'static [(Self, &'static str)] = &[$((Self::$flag, $name)),+];

            /// The flags of a bit mask.
            #[must_use]
            pub const fn from_bits(bits: u32) -> Self {
                Self(bits)
            }

            /// The bit mask.
            #[must_use]
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Whether no flag is set.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
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

            /// The names of the known flags that are set, lowest bit first.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMES.iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| *name)
            }

            /// The bits that are set and have no name.
            #[must_use]
            pub fn unknown(self) -> Self {
                Self::NAMES.iter().fold(self, |rest, (flag, _)| rest.without(*flag))
            }
        }

        impl BitOr for $set {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.with(other)
            }
        }

        impl BitOrAssign for $set {
            fn bitor_assign(&mut self, other: Self) {
                *self = self.with(other);
            }
        }

        impl BitAnd for $set {
            type Output = Self;
            fn bitand(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl Sub for $set {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                self.without(other)
            }
        }

        /// The names of the set flags, joined by `|`; unknown bits in hexadecimal.
        impl fmt::Debug for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_names(f, self.names(), self.unknown().bits())
            }
        }

        impl fmt::Display for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
}

bit_set! {
    /// What client and server offer and choose: `NegotiateFlags` of MS-NLMP section 2.2.2.5. Unknown bits are kept.
    ///
    /// The comments give the letter of the flag there.
    NegotiateFlags {
        /// A: names are UTF-16. Wins over [`OEM`](Self::OEM).
        UNICODE = 0x0000_0001, "unicode";
        /// B: names are in a code page that the two sides know from elsewhere.
        OEM = 0x0000_0002, "oem";
        /// C: the CHALLENGE has to name the server's domain, or the server.
        REQUEST_TARGET = 0x0000_0004, "request_target";
        /// D: messages can be signed.
        SIGN = 0x0000_0010, "sign";
        /// E: messages can be encrypted.
        SEAL = 0x0000_0020, "seal";
        /// F: connectionless; the sequence number is the application's.
        DATAGRAM = 0x0000_0040, "datagram";
        /// G: keys are made from the LM hash. Without effect beside extended session security.
        LM_KEY = 0x0000_0080, "lm_key";
        /// H: NTLM, and not LM alone.
        NTLM = 0x0000_0200, "ntlm";
        /// J: the client stays anonymous.
        ANONYMOUS = 0x0000_0800, "anonymous";
        /// K: the NEGOTIATE has the client's domain.
        OEM_DOMAIN_SUPPLIED = 0x0000_1000, "oem_domain_supplied";
        /// L: the NEGOTIATE has the client's name.
        OEM_WORKSTATION_SUPPLIED = 0x0000_2000, "oem_workstation_supplied";
        /// M: messages carry a signature, be it an empty one.
        ALWAYS_SIGN = 0x0000_8000, "always_sign";
        /// N: the CHALLENGE names a domain.
        TARGET_TYPE_DOMAIN = 0x0001_0000, "target_type_domain";
        /// O: the CHALLENGE names a server.
        TARGET_TYPE_SERVER = 0x0002_0000, "target_type_server";
        /// P: separate keys for each direction and use. Wins over [`LM_KEY`](Self::LM_KEY).
        EXTENDED_SESSION_SECURITY = 0x0008_0000, "extended_session_security";
        /// Q: the server may identify the client but not act for it.
        IDENTIFY = 0x0010_0000, "identify";
        /// R: keys are made from the LM hash in another way.
        REQUEST_NON_NT_SESSION_KEY = 0x0040_0000, "request_non_nt_session_key";
        /// S: the CHALLENGE has attributes.
        TARGET_INFO = 0x0080_0000, "target_info";
        /// T: the message has a version.
        VERSION = 0x0200_0000, "version";
        /// U: keys of 128 bits. Wins over [`KEY_56`](Self::KEY_56).
        KEY_128 = 0x2000_0000, "key_128";
        /// V: the client chooses the session key and sends it encrypted.
        KEY_EXCHANGE = 0x4000_0000, "key_exchange";
        /// W: keys of 56 bits.
        KEY_56 = 0x8000_0000, "key_56";
    }
}

bit_set! {
    /// The value of [`AvId::FLAGS`](super::AvId::FLAGS) (MS-NLMP section 2.2.2.1). Unknown bits are kept.
    AvFlags {
        /// The account's authentication is constrained.
        CONSTRAINED = 1, "constrained";
        /// The AUTHENTICATE has a MIC over the three messages.
        MIC_PRESENT = 2, "mic_present";
        /// The target's name came to the client from a source it does not trust.
        UNTRUSTED_SPN = 4, "untrusted_spn";
    }
}

impl NegotiateFlags {
    /// These flags, with `flag` added where `there` holds.
    pub(super) const fn with_if(self, flag: Self, there: bool) -> Self {
        if there { self.with(flag) } else { self }
    }
}

fn write_names(
    f: &mut fmt::Formatter<'_>,
    names: impl Iterator<Item = &'static str>,
    unknown: u32,
) -> fmt::Result {
    let mut separator = "";
    for name in names {
        write!(f, "{separator}{name}")?;
        separator = "|";
    }
    if unknown != 0 {
        write!(f, "{separator}{unknown:#x}")
    } else if separator.is_empty() {
        f.write_str("none")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn names_and_unknown_bits_are_printed() {
        let flags = NegotiateFlags::SEAL | NegotiateFlags::KEY_56 | NegotiateFlags::from_bits(0x100);
        assert_eq!(format!("{flags:?}"), "seal|key_56|0x100");
        assert_eq!(format!("{}", NegotiateFlags::NONE), "none");
        assert_eq!(format!("{}", AvFlags::from_bits(0x8000_0002)), "mic_present|0x80000000");
    }

    #[test]
    fn each_name_is_one_bit_of_its_own() {
        let known = NegotiateFlags::NAMES.iter().fold(0, |seen, (flag, name)| {
            assert_eq!(flag.bits().count_ones(), 1, "{name}");
            assert_eq!(seen & flag.bits(), 0, "{name}");
            seen | flag.bits()
        });
        // MS-NLMP section 2.2.2.5: these ten bits are reserved.
        assert_eq!(!known, 0x1d24_4508);
    }

    #[test]
    fn sets_are_joined_and_taken_apart() {
        let both = NegotiateFlags::SIGN | NegotiateFlags::SEAL;
        assert!(both.contains(NegotiateFlags::SIGN) && !NegotiateFlags::SIGN.contains(both));
        assert!(both.intersects(NegotiateFlags::SEAL) && !both.intersects(NegotiateFlags::NTLM));
        assert_eq!(both - NegotiateFlags::SIGN, NegotiateFlags::SEAL);
        assert_eq!(both & NegotiateFlags::SEAL, NegotiateFlags::SEAL);
        assert!(NegotiateFlags::NONE.is_empty());
    }
}
