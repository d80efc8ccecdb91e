use super::challenge::find;
use super::{Challenge, ChallengeError, Kind, Response, Setting};
use crate::field::{HeaderField, HeaderValue};
use crate::gss::{Binding, ClientMessage, ContextId, Nonce, NulInRequest, RequestParts};
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus, MessageError, Sealer, Timestamp};

/// What a client has of a login: it signs requests, each by itself, for the server that it logged in to.
///
/// Requests may overtake each other, by 256 at most. To share a session among tasks, put it behind a lock: signing
/// takes microseconds, and nothing is waited for. With `tls-exporter` it is good on one connection only; where requests
/// go over several, keep a session for each.
pub struct Session<S> {
    context: ContextId,
    binding: Binding,
    setting: Setting,
    expires: Option<Timestamp>,
    next: Option<Nonce>,
    sealer: S,
}

impl<S: Sealer> Session<S> {
    pub(super) fn new(
        context: ContextId,
        binding: Binding,
        setting: Setting,
        expires: Option<Timestamp>,
        sealer: S,
    ) -> Self {
        Self { context, binding, setting, expires, next: Some(Nonce::FIRST), sealer }
    }

    /// Makes the credentials for one request. A request that is sent again, for whatever reason, needs new ones.
    ///
    /// # Errors
    /// [`SessionError`]; no nonce was used then.
    pub fn authorize(
        &mut self,
        parts: &RequestParts<'_>,
        now: Timestamp,
    ) -> Result<HeaderField, SessionError> {
        if parts.origin != self.setting.origin {
            return Err(SessionError::OtherOrigin);
        }
        if !self.binding.is_on(parts.channel) {
            return Err(SessionError::OtherChannel);
        }
        if self.expires.is_some_and(|end| end <= now) {
            return Err(SessionError::Expired);
        }
        let nonce = self.next.ok_or(SessionError::NoMoreNonces)?;
        let mut mic = Vec::new();
        let message = parts.signed_message(nonce, &self.binding).map_err(SessionError::Nul)?;
        self.sealer.get_mic(&message, &mut mic).map_err(SessionError::Sign)?;
        self.next = nonce.next();
        let binding = Some(Ok(self.binding.kind()));
        let message = ClientMessage::Again { context: self.context, nonce, mic, binding };
        let value = HeaderValue::new(message.to_text());
        Ok(HeaderField { name: self.setting.policy.side.credentials_field(), value })
    }

    /// Says what the response to a request with credentials of this session means.
    ///
    /// # Errors
    /// [`ChallengeError`]: the response asks for credentials, and what it says of the session cannot be told.
    pub fn receive<'a, V, L>(&self, response: Response<L>) -> Result<SessionOutcome, ChallengeError>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        let policy = self.setting.policy;
        Ok(match Kind::of(response.status, policy.side) {
            Kind::Other => SessionOutcome::Wait,
            Kind::Answers => SessionOutcome::Answered,
            Kind::Asks => match find(response.challenges, policy.max_token)? {
                Some(message) if message.stale => SessionOutcome::LogInAgain(Challenge(message)),
                _ => SessionOutcome::Denied,
            },
        })
    }

    /// Whether the session can be used on a channel at a time.
    #[must_use]
    pub fn is_good(&self, parts: &RequestParts<'_>, now: Timestamp) -> bool {
        parts.origin == self.setting.origin
            && self.binding.is_on(parts.channel)
            && self.expires.is_none_or(|end| end > now)
            && self.next.is_some()
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("context", &self.context)
            .field("binding", &self.binding)
            .field("expires", &self.expires)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// What a response to a signed request means.
#[derive(Debug)]
#[must_use]
pub enum SessionOutcome {
    /// It is the answer to the request. That it comes from the server that logged us in is for TLS to say: the context is
    /// bound to its channel, and nothing in the response is signed.
    Answered,
    /// The server refuses the request, and would refuse it again. Drop the session.
    Denied,
    /// The server has forgotten the context. Drop the session, log in again, and send the request again: once.
    LogInAgain(Challenge),
    /// It says nothing about the session; see [`Outcome::Wait`](super::Outcome::Wait). A request that is sent again needs
    /// new credentials.
    Wait,
}

/// A session cannot sign a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The context has expired.
    Expired,
    /// All nonces are used.
    NoMoreNonces,
    /// A part of the request cannot be signed.
    Nul(NulInRequest),
    /// The request goes over a TLS channel that the context is not bound to.
    OtherChannel,
    /// The request goes to another server.
    OtherOrigin,
    /// The mechanism cannot sign.
    Sign(MessageError),
}

impl SessionError {
    /// Whether the request can be made after a new login.
    #[must_use]
    pub const fn needs_login(&self) -> bool {
        !matches!(self, Self::Nul(_))
    }
}

impl Diagnose for SessionError {
    fn blame(&self) -> Blame {
        match self {
            Self::Expired | Self::NoMoreNonces => Blame::Environment,
            Self::Nul(_) | Self::OtherChannel | Self::OtherOrigin => Blame::Caller,
            Self::Sign(error) => error.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Expired => "gss_session_expired",
            Self::NoMoreNonces => "gss_no_more_nonces",
            Self::Nul(_) => "gss_nul_in_request",
            Self::OtherChannel => "gss_other_channel",
            Self::OtherOrigin => "gss_other_origin",
            Self::Sign(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Expired => MajorStatus::CONTEXT_EXPIRED,
            Self::OtherChannel => MajorStatus::BAD_BINDINGS,
            Self::NoMoreNonces | Self::Nul(_) | Self::OtherOrigin => MajorStatus::FAILURE,
            Self::Sign(error) => error.major(),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("session's context has expired; log in again"),
            Self::NoMoreNonces => f.write_str("session has signed all requests it can; log in again"),
            Self::Nul(error) => error.fmt(f),
            Self::OtherChannel => {
                f.write_str("session is bound to another TLS channel than this connection; log in again")
            }
            Self::OtherOrigin => f.write_str("session is for another server; log in there"),
            Self::Sign(error) => write!(f, "request cannot be signed: {error}"),
        }
    }
}

impl core::error::Error for SessionError {}
