//! The result of a password change: a code, and text or a policy that explains it (RFC 3244 section 2).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How a password change came out, as the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultCode(pub u16);

impl ResultCode {
    /// The password was changed.
    pub const SUCCESS: Self = Self(0);
    /// The server could not read the request.
    pub const MALFORMED: Self = Self(1);
    /// The server failed.
    pub const HARD_ERROR: Self = Self(2);
    /// The server could not verify the ticket.
    pub const AUTH_ERROR: Self = Self(3);
    /// The new password was refused.
    pub const SOFT_ERROR: Self = Self(4);
    /// The client may not change this password.
    pub const ACCESS_DENIED: Self = Self(5);
    /// The server does not know this version of the protocol.
    pub const BAD_VERSION: Self = Self(6);
    /// The ticket has to come from an AS exchange with the password.
    pub const INITIAL_FLAG_NEEDED: Self = Self(7);

    /// Whether RFC 3244 defines it.
    pub(super) const fn is_known(self) -> bool {
        self.0 <= Self::INITIAL_FLAG_NEEDED.0
    }

    /// What it means and what to try.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::SUCCESS => "the password was changed",
            Self::MALFORMED => "the server could not read the request",
            Self::HARD_ERROR => "the server failed: ask its administrator, or later",
            Self::AUTH_ERROR => "the server could not verify the ticket: log in again, and check the clocks",
            Self::SOFT_ERROR => "the new password was refused: take another one",
            Self::ACCESS_DENIED => "this client may not set that password",
            Self::BAD_VERSION => {
                "the server does not know this kind of request: change the password instead of setting it"
            }
            Self::INITIAL_FLAG_NEEDED => {
                "the server wants a ticket that was got with the password: log in for kadmin/changepw"
            }
            _ => "the server gives a reason that is not known here",
        }
    }
}

/// A result that is not success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason.
    pub code: ResultCode,
    /// The server's text for people. Line breaks and other control characters are escaped when it is printed.
    pub text: Option<String>,
    /// The policy that the password has to satisfy, where an Active Directory server states it.
    pub policy: Option<PasswordPolicy>,
    /// Whether the server made this with the session key. What came in a KRB-ERROR could be anybody's.
    pub authenticated: bool,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "password not changed: {}", self.code.advice())?;
        if !self.code.is_known() {
            write!(f, " ({})", self.code.0)?;
        }
        if let Some(policy) = &self.policy {
            write!(f, "; {policy}")?;
        }
        if let Some(text) = &self.text {
            write!(f, " (the server says: {})", text.escape_debug())?;
        }
        Ok(())
    }
}

/// Result code and what explains it; `None` if there is no code.
pub(super) fn parse(bytes: &[u8]) -> Option<(ResultCode, Explanation)> {
    let (code, rest) = bytes.split_first_chunk()?;
    Some((ResultCode(u16::from_be_bytes(*code)), Explanation::parse(rest)))
}

/// What stands behind a result code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Explanation {
    pub(super) text: Option<String>,
    pub(super) policy: Option<PasswordPolicy>,
}

impl Explanation {
    pub(super) fn rejection(self, code: ResultCode, authenticated: bool) -> Rejection {
        Rejection { code, text: self.text, policy: self.policy, authenticated }
    }

    fn parse(bytes: &[u8]) -> Self {
        if let Some(policy) = PasswordPolicy::from_bytes(bytes) {
            return Self { text: None, policy: Some(policy) };
        }
        // Text may end in a NUL, which C programs count in.
        let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
        Self { text: String::from_utf8(Vec::from(text)).ok().filter(|text| !text.is_empty()), policy: None }
    }
}

/// The password policy that Active Directory puts in place of text: 30 bytes, most significant byte first
/// (`DOMAIN_PASSWORD_INFORMATION` of MS-SAMR section 2.2.3.5, after two zero bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Least number of characters.
    pub min_length: u32,
    /// How many earlier passwords must not come again.
    pub history: u32,
    /// Properties; see [`COMPLEX`](Self::COMPLEX).
    pub properties: u32,
    /// For how long a password holds, in units of 100 ns; Windows counts it negative.
    pub max_age: i64,
    /// For how long a password has to be kept, in units of 100 ns; Windows counts it negative.
    pub min_age: i64,
}

impl PasswordPolicy {
    /// In [`properties`](Self::properties): characters of three kinds are needed, and parts of the user's name forbidden.
    pub const COMPLEX: u32 = 1;
    const UNITS_A_DAY: u64 = 24 * 60 * 60 * 10_000_000;

    /// Reads the 30 bytes; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 30] = bytes.try_into().ok()?;
        let (zero, rest) = bytes.split_first_chunk::<2>()?;
        if *zero != [0; 2] {
            return None;
        }
        let (min_length, rest) = rest.split_first_chunk()?;
        let (history, rest) = rest.split_first_chunk()?;
        let (properties, rest) = rest.split_first_chunk()?;
        let (max_age, rest) = rest.split_first_chunk()?;
        Some(Self {
            min_length: u32::from_be_bytes(*min_length),
            history: u32::from_be_bytes(*history),
            properties: u32::from_be_bytes(*properties),
            max_age: i64::from_be_bytes(*max_age),
            min_age: i64::from_be_bytes(rest.try_into().ok()?),
        })
    }

    /// The 30 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 30] {
        let mut bytes = [0; 30];
        let words = [self.min_length, self.history, self.properties].map(u32::to_be_bytes);
        let ages = [self.max_age, self.min_age].map(i64::to_be_bytes);
        let content = words.as_flattened().iter().chain(ages.as_flattened());
        bytes.iter_mut().skip(2).zip(content).for_each(|(to, from)| *to = *from);
        bytes
    }
}

impl fmt::Display for PasswordPolicy {
    /// What a password needs, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy asks for")?;
        match self.min_length {
            0 => f.write_str(" a password of any length")?,
            length => write!(f, " at least {length} characters")?,
        }
        if self.properties & Self::COMPLEX != 0 {
            f.write_str(
                ", of three kinds (capitals, small letters, digits, others) and without the user's name",
            )?;
        }
        if self.history > 0 {
            write!(f, ", other than the last {} passwords", self.history)?;
        }
        match self.min_age.unsigned_abs().div_ceil(Self::UNITS_A_DAY) {
            0 => Ok(()),
            days => write!(f, ", and a change every {days} days at most"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    const POLICY: PasswordPolicy = PasswordPolicy {
        min_length: 7,
        history: 24,
        properties: PasswordPolicy::COMPLEX,
        max_age: -(42 * 864_000_000_000),
        min_age: -864_000_000_000,
    };

    proptest! {
        #[test]
        fn policies_round_trip(
            min_length in any::<u32>(), history in any::<u32>(), properties in any::<u32>(),
            max_age in any::<i64>(), min_age in any::<i64>(),
        ) {
            let policy = PasswordPolicy { min_length, history, properties, max_age, min_age };
            prop_assert_eq!(PasswordPolicy::from_bytes(&policy.to_bytes()), Some(policy));
            prop_assert!(!policy.to_string().is_empty());
        }
    }

    #[test]
    fn the_policy_is_told_in_words() {
        let text = POLICY.to_string();
        for part in ["at least 7 characters", "three kinds", "last 24 passwords", "every 1 days"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_policy_is_thirty_bytes_that_begin_with_zeros() {
        let mut bytes = POLICY.to_bytes();
        assert_eq!(PasswordPolicy::from_bytes(&bytes[..29]), None);
        bytes[0] = b'A';
        assert_eq!(PasswordPolicy::from_bytes(&bytes), None);
    }

    #[test]
    fn text_and_policy_are_told_apart() {
        let (code, explained) = parse(b"\0\x04too short").unwrap();
        assert_eq!((code, explained.text.as_deref()), (ResultCode::SOFT_ERROR, Some("too short")));
        let (_, explained) = parse(&[b"\0\x04".as_slice(), &POLICY.to_bytes()].concat()).unwrap();
        assert_eq!(explained, Explanation { text: None, policy: Some(POLICY) });
        assert_eq!(parse(b"\0\x04\xff\xfe").unwrap().1, Explanation::default());
        assert!(parse(b"\0").is_none());
    }

    #[test]
    fn control_characters_of_the_server_are_escaped() {
        let rejection = Rejection {
            code: ResultCode(9),
            text: Some("no\x1b[2J".into()),
            policy: None,
            authenticated: true,
        };
        let text = rejection.to_string();
        assert!(text.contains(r"\u{1b}[2J") && text.contains("(9)"), "{text}");
    }
}
