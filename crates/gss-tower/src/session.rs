//! Sessions: cookies that stand for a login.

mod payload;

use crate::authenticated::Authenticated;
use core::fmt;
use gss::{CryptoRng, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, header};
use payload::Payload;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The cookie's name. Browsers take one with this prefix only from https, for one host, with `Path=/` (RFC 6265bis). Who
/// passes requests on leaves it out: it is for the server that made it.
pub const SESSION_COOKIE: &str = "__Host-gss-session";

/// Separates the MAC of sessions from all other uses of a key.
const LABEL: &[u8] = b"gss-tower session 1\0";

/// Browsers take no more, name, value and attributes together.
const MAX_COOKIE: usize = 4096;

const TAG_LEN: usize = 32;

type HmacSha256 = Hmac<Sha256>;

/// Session cookies, so that a browser logs in once and not with each request. Off unless given to
/// [`Builder::sessions`](crate::Builder::sessions).
///
/// A cookie says who logged in and until when, signed with HMAC-SHA-256; nothing is kept at the server. It goes over https
/// only. Whoever has a copy of it is its user until it ends, which no channel binding prevents: a cookie weakens
/// [`BindingPolicy::Require`](gss::BindingPolicy::Require) to the login it began with. Its content is signed, not
/// encrypted: the client can read its own name and SIDs in it.
///
/// There is no cookie for a login that delegated tickets, since they could not be found again; for nobody in particular;
/// and where the principal has so many SIDs that the cookie would have more than 4096 bytes.
///
/// The authorisation hook is asked for each request of a session; by [`SessionId`] it can refuse those that were logged out.
///
/// ```
/// use gss_tower::{SessionKey, Sessions};
///
/// # let secret = [7; 32];
/// let sessions = Sessions::new(SessionKey::from(secret)).lifetime(3600);
/// # let _ = sessions;
/// ```
pub struct Sessions {
    /// The first one signs, all verify.
    keys: Vec<SessionKey>,
    lifetime: u32,
    same_site: SameSite,
    always_https: bool,
}

/// A key for session cookies: 32 random bytes, the same for all servers of a site. Wiped on drop.
#[derive(Clone)]
pub struct SessionKey(Zeroizing<[u8; 32]>);

impl From<[u8; 32]> for SessionKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey")
    }
}

/// A session's own number: 128 random bits, no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// From which other sites' pages a browser sends the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SameSite {
    /// None.
    #[default]
    Strict,
    /// Where the user follows a link.
    Lax,
}

/// Why a cookie is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionError {
    /// Not base64url, or too short.
    Malformed,
    /// None of the keys signed it.
    BadMac,
    /// It ended, or begins in the future.
    Expired,
    /// Several cookies of the name.
    Ambiguous,
}

impl SessionError {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "session_malformed",
            Self::BadMac => "session_bad_mac",
            Self::Expired => "session_expired",
            Self::Ambiguous => "session_ambiguous",
        }
    }
}

impl Sessions {
    /// Sessions of eight hours, for requests from pages of the same site.
    #[must_use]
    pub fn new(key: SessionKey) -> Self {
        Self { keys: vec![key], lifetime: 8 * 3600, same_site: SameSite::Strict, always_https: false }
    }

    /// A key that signed cookies before and still verifies them, while keys are rolled over.
    #[must_use]
    pub fn previous_key(mut self, key: SessionKey) -> Self {
        self.keys.push(key);
        self
    }

    /// How many seconds a session lasts at most; it ends with the login's own expiry at the latest.
    #[must_use]
    pub fn lifetime(self, seconds: u32) -> Self {
        Self { lifetime: seconds, ..self }
    }

    /// From which pages the cookie is sent.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        Self { same_site, ..self }
    }

    /// States that all clients speak https, which a server behind a TLS terminator cannot see.
    #[must_use]
    pub fn always_https(self) -> Self {
        Self { always_https: true, ..self }
    }

    /// The value of `Set-Cookie` that ends a session at the client: for a log-out page.
    #[must_use]
    pub fn end() -> HeaderValue {
        HeaderValue::from_static("__Host-gss-session=; Max-Age=0; Path=/; Secure; HttpOnly")
    }

    /// Whether cookies may be used on a connection.
    pub(crate) fn may_use(&self, https: bool) -> bool {
        https || self.always_https
    }

    /// The value of `Set-Cookie` for a login; `None` where there is none.
    pub(crate) fn issue(
        &self,
        who: &Authenticated,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Option<HeaderValue> {
        if who.is_anonymous() || !who.delegated().is_empty() {
            return None;
        }
        let mut expires = now.saturating_add_seconds(i64::from(self.lifetime));
        expires = who.expires().map_or(expires, |end| end.min(expires));
        let lasts = expires.seconds_since(now);
        if lasts <= 0 {
            return None;
        }
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let payload = Payload { id: SessionId(id), issued: now.seconds(), expires: expires.seconds() };
        let mut bytes = payload.encode(who.facts())?;
        let tag = mac(self.keys.first()?, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        let text = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::encode_string(&bytes);
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        };
        let cookie = format!(
            "{SESSION_COOKIE}={text}; Max-Age={lasts}; Path=/; Secure; HttpOnly; SameSite={same_site}"
        );
        if cookie.len() > MAX_COOKIE {
            return None;
        }
        let mut value = HeaderValue::try_from(cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The session in a request's cookies, if there is one.
    pub(crate) fn read(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Authenticated>, SessionError> {
        let mut found = cookies(headers);
        let Some(text) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(SessionError::Ambiguous);
        }
        self.verify(text, now).map(Some)
    }

    fn verify(&self, text: &str, now: Timestamp) -> Result<Authenticated, SessionError> {
        if text.len() > MAX_COOKIE {
            return Err(SessionError::Malformed);
        }
        let bytes = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::decode_vec(text)
            .map_err(|_| SessionError::Malformed)?;
        let split = bytes.len().checked_sub(TAG_LEN).ok_or(SessionError::Malformed)?;
        let (payload, tag) = bytes.split_at(split);
        // Each comparison takes constant time; which key it was is no secret.
        if !self.keys.iter().any(|key| mac(key, payload).verify_slice(tag).is_ok()) {
            return Err(SessionError::BadMac);
        }
        let (payload, facts) = Payload::decode(payload).ok_or(SessionError::Malformed)?;
        // As much as clocks of servers may differ.
        let begun = payload.issued <= now.saturating_add_seconds(300).seconds();
        if !begun || payload.expires <= now.seconds() {
            return Err(SessionError::Expired);
        }
        Ok(Authenticated::of_session(facts, payload.id))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("keys", &self.keys.len())
            .field("lifetime", &self.lifetime)
            .field("same_site", &self.same_site)
            .field("always_https", &self.always_https)
            .finish()
    }
}

fn mac(key: &SessionKey, payload: &[u8]) -> HmacSha256 {
    // HMAC takes keys of any length.
    let Ok(mut mac) = HmacSha256::new_from_slice(&key.0[..]) else { unreachable!("HMAC takes every key") };
    mac.update(LABEL);
    mac.update(payload);
    mac
}

/// The values of all cookies with our name (RFC 6265 section 4.2.1).
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests;
