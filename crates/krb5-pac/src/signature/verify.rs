//! Signatures checked with the keys that are at hand.

use core::fmt;
use core::ops::Range;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_crypto::{ChecksumType, ChecksumVerified, EncType, Key, KeyUsage};

use super::{MAX_SIGNATURE_LEN, Signature, SignatureKind};
use crate::{Pac, PacError};

/// What a verifier has. What is missing here leaves signatures unchecked.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyingKeys<'k> {
    /// The key that decrypted the ticket.
    pub server: Option<&'k Key>,
    /// The KDC's own key (krbtgt), in the version that signed.
    pub kdc: Option<&'k Key>,
    /// What the ticket signature covers: DER of the ticket's encrypted part, one zero byte in place of the PAC. See
    /// `without_pac` (feature `alloc`).
    pub ticket: Option<&'k [u8]>,
}

/// How one signature came out.
#[derive(Clone, Copy, Debug)]
#[must_use = "a signature that is not verified proves nothing"]
pub enum Verdict {
    /// It is right.
    Verified(ChecksumVerified),
    /// It is there, and the key or the ticket to check it is not.
    NotChecked,
    /// It is not there.
    Missing,
    /// It is there, and wrong.
    Wrong(SignatureFault),
}

/// Why a signature is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureFault {
    /// This signature, or another one whose place has to be known, breaks its format.
    Malformed(PacError),
    /// The type is not that of the key. Under an AES key Windows signs with AES; HMAC-MD5, which takes any key, is
    /// for RC4 keys alone.
    Type {
        /// The signature's type.
        seen: ChecksumType,
        /// The key's.
        expected: Option<ChecksumType>,
    },
    /// What it covers was altered, or signed with another key.
    Mismatch {
        /// Enctype of the key.
        enctype: EncType,
    },
}

impl Verdict {
    /// Whether the signature is right. Nothing else is as good.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }

    /// Why the signature is wrong, if it is.
    #[must_use]
    pub const fn fault(&self) -> Option<SignatureFault> {
        match self {
            Self::Wrong(fault) => Some(*fault),
            _ => None,
        }
    }
}

/// How each signature came out. The names are those of [`SignatureKind`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a signature that is not verified proves nothing"]
pub struct Verdicts {
    /// With the service's key over the PAC. A service must not believe a PAC without this one verified.
    pub server: Verdict,
    /// With the KDC's key over the server signature.
    pub kdc: Verdict,
    /// With the KDC's key over the ticket.
    pub ticket: Verdict,
    /// With the KDC's key over the PAC.
    pub full: Verdict,
}

impl Verdicts {
    /// How this signature came out.
    pub const fn of(&self, kind: SignatureKind) -> Verdict {
        match kind {
            SignatureKind::Server => self.server,
            SignatureKind::Kdc => self.kdc,
            SignatureKind::Ticket => self.ticket,
            SignatureKind::Full => self.full,
        }
    }
}

/// A signature of the PAC, as far as it can be read.
type Found<'a> = Result<Option<Signature<'a>>, PacError>;

impl Pac<'_> {
    /// Checks each signature for which there is a key.
    ///
    /// That the PAC belongs to the ticket's client is not checked here; for that compare
    /// [`client_info`](Self::client_info) with the ticket.
    pub fn verify(&self, keys: &VerifyingKeys<'_>) -> Verdicts {
        let server = self.signature(SignatureKind::Server);
        let kdc = self.signature(SignatureKind::Kdc);
        let ticket = self.signature(SignatureKind::Ticket);
        let full = self.signature(SignatureKind::Full);
        let over_pac = |own, key, holes: &[&Found<'_>]| {
            judge(own, key, |check| match ranges(holes) {
                Ok(holes) => check(&with_holes(self.as_bytes(), holes)),
                Err(error) => Verdict::Wrong(SignatureFault::Malformed(error)),
            })
        };
        Verdicts {
            server: over_pac(&server, keys.server, &[&server, &kdc]),
            full: over_pac(&full, keys.kdc, &[&server, &kdc, &full]),
            kdc: judge(&kdc, keys.kdc, |check| match &server {
                Ok(Some(server)) => check(&[server.bytes]),
                // What it covers is not there.
                Ok(None) => Verdict::Missing,
                Err(error) => Verdict::Wrong(SignatureFault::Malformed(*error)),
            }),
            ticket: judge(&ticket, keys.kdc, |check| {
                keys.ticket.map_or(Verdict::NotChecked, |covered| check(&[covered]))
            }),
        }
    }
}

/// What all signatures have in common; `covered` finds the chunks and calls the check with them.
fn judge(
    own: &Found<'_>,
    key: Option<&Key>,
    covered: impl FnOnce(&dyn Fn(&[&[u8]]) -> Verdict) -> Verdict,
) -> Verdict {
    let signature = match own {
        Ok(Some(signature)) => signature,
        Ok(None) => return Verdict::Missing,
        Err(error) => return Verdict::Wrong(SignatureFault::Malformed(*error)),
    };
    let Some(key) = key else { return Verdict::NotChecked };
    let (seen, expected) = (signature.checksum_type, key.enctype().checksum_type());
    if expected != Some(seen) {
        return Verdict::Wrong(SignatureFault::Type { seen, expected });
    }
    covered(&|chunks| {
        let checksum = key.checksum(KeyUsage::KERB_NON_KERB_CKSUM_SALT);
        match checksum.verify(chunks, signature.bytes) {
            Ok(proof) => Verdict::Verified(proof),
            Err(_) => Verdict::Wrong(SignatureFault::Mismatch { enctype: key.enctype() }),
        }
    })
}

/// At most this many signatures are taken as zeros at once.
const MAX_HOLES: usize = 3;

/// Where the bytes of these signatures lie, in the order of the PAC; those that are not there are empty.
fn ranges(signatures: &[&Found<'_>]) -> Result<[Range<usize>; MAX_HOLES], PacError> {
    let mut ranges = [0..0, 0..0, 0..0];
    for (range, signature) in ranges.iter_mut().zip(signatures) {
        if let Some(signature) = (*signature).as_ref().map_err(|error| *error)? {
            *range = signature.range();
        }
    }
    ranges.sort_unstable_by_key(|range| range.start);
    Ok(ranges)
}

/// The PAC in chunks, with zeros in place of ranges that stand in order and do not overlap.
fn with_holes(pac: &[u8], holes: [Range<usize>; MAX_HOLES]) -> [&[u8]; 7] {
    const ZEROS: &[u8] = &[0; MAX_SIGNATURE_LEN];
    let part = |range: Range<usize>| pac.get(range).unwrap_or_default();
    let zeros = |hole: &Range<usize>| ZEROS.get(..hole.len()).unwrap_or_default();
    let [a, b, c] = holes;
    [
        part(0..a.start),
        zeros(&a),
        part(a.end..b.start),
        zeros(&b),
        part(b.end..c.start),
        zeros(&c),
        part(c.end..pac.len()),
    ]
}

impl Diagnose for SignatureFault {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(error) => error.code(),
            Self::Type { .. } => "pac_signature_key_type",
            Self::Mismatch { .. } => "pac_signature_mismatch",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Malformed(error) => error.major(),
            Self::Type { .. } | Self::Mismatch { .. } => MajorStatus::BAD_MIC,
        }
    }
}

impl fmt::Display for SignatureFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Type { seen, expected: Some(expected) } => {
                write!(f, "PAC signature is of type {seen}, expected {expected} as the key has it")
            }
            Self::Type { seen, expected: None } => {
                write!(f, "PAC signature is of type {seen}, and the key has none")
            }
            Self::Mismatch { enctype } => {
                write!(
                    f,
                    "PAC signature does not verify with this {enctype} key: altered, or signed with another key"
                )
            }
        }
    }
}

impl core::error::Error for SignatureFault {}
