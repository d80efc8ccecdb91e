//! What a session cookie says, in bytes.

use super::SessionId;
use crate::authenticated::{Facts, Name};
use gss::krb5::Principal;
use gss::krb5::pac::Sid;
use gss::{ContextFlags, Timestamp, oid};

/// What does not come from the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) id: SessionId,
    /// Seconds since 1970.
    pub(super) issued: i64,
    /// Seconds since 1970.
    pub(super) expires: i64,
}

const VERSION: u8 = 1;
const KRB5: u8 = 1;
const NTLM: u8 = 2;
const BOUND: u8 = 1;
const HAS_USER_SID: u8 = 2;

impl Payload {
    /// The bytes; `None` for logins that no session can stand for.
    pub(super) fn encode(&self, facts: &Facts) -> Option<Vec<u8>> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.id.0);
        out.extend_from_slice(&self.issued.to_be_bytes());
        out.extend_from_slice(&self.expires.to_be_bytes());
        out.extend_from_slice(&facts.flags.bits().to_be_bytes());
        let bits = (u8::from(facts.bound) * BOUND) | (u8::from(facts.user_sid.is_some()) * HAS_USER_SID);
        out.push(bits);
        match &facts.name {
            Name::Krb5(principal) if facts.mechanism == oid::KRB5 => {
                out.push(KRB5);
                put(&mut out, principal.to_string().as_bytes())?;
            }
            Name::Ntlm { domain, user } if facts.mechanism == oid::NTLMSSP => {
                out.push(NTLM);
                put(&mut out, facts.principal.as_bytes())?;
                put(&mut out, domain.as_bytes())?;
                put(&mut out, user.as_bytes())?;
            }
            _ => return None,
        }
        for sid in facts.user_sid.iter().chain(&facts.sids) {
            put(&mut out, &sid.to_bytes())?;
        }
        Some(out)
    }

    /// Reads what [`encode`](Self::encode) wrote: all of it, and nothing else.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, Facts)> {
        let mut rest = bytes;
        let [VERSION] = take(&mut rest)? else { return None };
        let id = SessionId(take(&mut rest)?);
        let issued = i64::from_be_bytes(take(&mut rest)?);
        let expires = i64::from_be_bytes(take(&mut rest)?);
        let flags = ContextFlags::from_bits(u32::from_be_bytes(take(&mut rest)?));
        let [bits] = take(&mut rest)?;
        let [mechanism] = take(&mut rest)?;
        let principal = text(&mut rest)?;
        let (name, mechanism) = match mechanism {
            KRB5 => (Name::Krb5(Principal::parse(&principal, None).ok()?), oid::KRB5),
            NTLM => {
                let (domain, user) = (text(&mut rest)?, text(&mut rest)?);
                (Name::Ntlm { domain, user }, oid::NTLMSSP)
            }
            _ => return None,
        };
        let user_sid = if bits & HAS_USER_SID == 0 { None } else { Some(sid(&mut rest)?) };
        let mut sids = Vec::new();
        while !rest.is_empty() {
            sids.push(sid(&mut rest)?);
        }
        let facts = Facts {
            principal,
            name,
            mechanism,
            flags,
            bound: bits & BOUND != 0,
            user_sid,
            sids,
            expires: Some(Timestamp::from_seconds(expires)),
        };
        Some((Self { id, issued, expires }, facts))
    }
}

/// Appends a string of bytes after its length.
fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend_from_slice(bytes);
    Some(())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

fn counted<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(counted(rest)?.to_vec()).ok()
}

fn sid(rest: &mut &[u8]) -> Option<Sid> {
    Sid::from_bytes(counted(rest)?).ok()
}
