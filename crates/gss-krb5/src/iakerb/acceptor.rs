use super::{Draft, ProxyMessage, Transcript, proxy_content};
use crate::acceptor::{Accepted, Acceptor, AcceptorConfig, AcceptorError};
use crate::context::Context;
use crate::ticket::kerberos_time;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;
use gss_core::{Blame, Diagnose, Env, Handshake, MajorStatus, SinkFull, Step, TokenSink};
use krb5_asn1::{DecodeError, Encode, ErrorCode, KerberosString, KrbError, NameType, PrincipalName};

/// An acceptor that carries an initiator's messages to the KDC before it accepts.
///
/// It is no [`Handshake`], for in between it needs its caller to reach a KDC.
pub struct IakerbAcceptor<P> {
    acceptor: Acceptor<P>,
    realm: String,
    transcript: Transcript,
    /// What the initiator's last token followed, and our next does.
    draft: Draft,
}

/// What comes next.
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "made once an exchange and moved at once; a box would cost more"
)]
pub enum IakerbStep<P> {
    /// Send the output; the initiator's next token goes to this acceptor.
    Continue(IakerbAcceptor<P>),
    /// Bring this request to the KDC.
    Relay(Relay<P>),
    /// DCE style: send the output; the initiator's next token goes to this acceptor.
    Kerberos(Acceptor<P>),
    /// The context is established. Send the output, if there is any.
    Done(Context<Accepted>),
}

/// A request for a KDC. Answered, it becomes the acceptor again.
pub struct Relay<P> {
    acceptor: IakerbAcceptor<P>,
    realm: String,
    cookie: Option<Vec<u8>>,
    request: Vec<u8>,
}

/// Why a request did not reach a KDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KdcFailure {
    /// No KDC of that realm is known, or the realm is not one that is relayed to.
    NotFound,
    /// The KDC did not answer.
    NoResponse,
}

impl<P: Deref<Target = AcceptorConfig>> IakerbAcceptor<P> {
    /// Tells initiators that ask that `realm` is ours, and accepts as `acceptor` does.
    #[must_use]
    pub fn new(acceptor: Acceptor<P>, realm: &str) -> Self {
        let (transcript, draft) = (Transcript::default(), Draft::default());
        Self { acceptor, realm: String::from(realm), transcript, draft }
    }

    /// Takes the initiator's token.
    ///
    /// # Errors
    /// [`IakerbError`]; `output` may hold a token for the initiator then.
    pub fn step(
        mut self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<IakerbStep<P>, IakerbError> {
        let Some(content) = proxy_content(input, &self.transcript) else {
            let acceptor = self.acceptor.after_iakerb(self.transcript);
            return match acceptor.step(input, output, env)? {
                Step::Continue(next) => Ok(IakerbStep::Kerberos(next)),
                Step::Done(context) => Ok(IakerbStep::Done(context)),
            };
        };
        let proxied = ProxyMessage::parse(content)?;
        self.transcript.add(input).ok_or(IakerbError::TooManyHops)?;
        self.draft = proxied.draft;
        if proxied.message.is_empty() {
            let realm = self.realm.clone();
            self.send(&ProxyMessage { realm: &realm, message: b"", ..proxied }, output)?;
            return Ok(IakerbStep::Continue(self));
        }
        if proxied.realm.is_empty() {
            return Err(IakerbError::NoRealm);
        }
        Ok(IakerbStep::Relay(Relay {
            realm: String::from(proxied.realm),
            cookie: proxied.cookie.map(Vec::from),
            request: Vec::from(proxied.message),
            acceptor: self,
        }))
    }

    fn send(&mut self, message: &ProxyMessage<'_>, output: &mut dyn TokenSink) -> Result<(), IakerbError> {
        let token = message.to_token()?;
        self.transcript.add(&token).ok_or(IakerbError::TooManyHops)?;
        Ok(output.put(&token)?)
    }
}

impl<P: Deref<Target = AcceptorConfig>> Relay<P> {
    /// The realm whose KDC is asked. The initiator chose it: reach only KDCs that it should reach.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The request, without any length in front.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Appends the token with the KDC's reply to `output`.
    ///
    /// # Errors
    /// [`IakerbError::TooManyHops`], [`IakerbError::Output`].
    pub fn answer(
        mut self,
        reply: &[u8],
        output: &mut dyn TokenSink,
    ) -> Result<IakerbAcceptor<P>, IakerbError> {
        let (cookie, draft) = (self.cookie.as_deref(), self.acceptor.draft);
        let message = ProxyMessage { realm: &self.realm, cookie, message: reply, draft };
        self.acceptor.send(&message, output)?;
        Ok(self.acceptor)
    }

    /// Appends a token that tells the initiator why there is no reply to `output`. It may try another realm.
    ///
    /// # Errors
    /// [`IakerbError::TooManyHops`], [`IakerbError::Output`].
    pub fn fail(
        self,
        failure: KdcFailure,
        output: &mut dyn TokenSink,
        env: &Env<'_>,
    ) -> Result<IakerbAcceptor<P>, IakerbError> {
        let (stime, susec) = kerberos_time(env.now).unwrap_or_default();
        let error = KrbError {
            ctime: None,
            cusec: None,
            stime,
            susec,
            error_code: match failure {
                KdcFailure::NotFound => ErrorCode::KRB_AP_ERR_IAKERB_KDC_NOT_FOUND,
                KdcFailure::NoResponse => ErrorCode::KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE,
            },
            crealm: None,
            cname: None,
            realm: KerberosString::new(self.realm.as_bytes()),
            sname: PrincipalName::new(NameType::UNKNOWN, &[]),
            e_text: None,
            e_data: None,
        };
        let error = error.to_der().map_err(DecodeError::from)?;
        self.answer(&error, output)
    }
}

/// Why an IAKERB acceptor gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IakerbError {
    /// The AP exchange failed.
    Acceptor(AcceptorError),
    /// A proxy token does not begin with a header.
    Decode(DecodeError),
    /// A request for a KDC names no realm.
    NoRealm,
    /// The output has no room for the token.
    Output(SinkFull),
    /// More tokens, or more bytes in them, than [`MAX_HOPS`](super::MAX_HOPS) and
    /// [`MAX_TRANSCRIPT_LEN`](super::MAX_TRANSCRIPT_LEN) allow.
    TooManyHops,
}

impl Diagnose for IakerbError {
    fn blame(&self) -> Blame {
        match self {
            Self::Acceptor(error) => error.blame(),
            Self::Decode(_) | Self::NoRealm | Self::TooManyHops => Blame::Peer,
            Self::Output(_) => Blame::Caller,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Acceptor(error) => error.code(),
            Self::Decode(_) => "malformed_message",
            Self::NoRealm => "iakerb_no_realm",
            Self::Output(_) => "buffer_too_small",
            Self::TooManyHops => "iakerb_too_many_hops",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Acceptor(error) => error.major(),
            Self::Decode(_) | Self::NoRealm | Self::TooManyHops => MajorStatus::DEFECTIVE_TOKEN,
            Self::Output(_) => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Acceptor(error) => error.minor(),
            _ => None,
        }
    }
}

impl fmt::Display for IakerbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acceptor(error) => error.fmt(f),
            Self::Decode(error) => write!(f, "proxy token: {error}"),
            Self::NoRealm => f.write_str("proxy token has a request and names no realm"),
            Self::Output(error) => error.fmt(f),
            Self::TooManyHops => write!(
                f,
                "more than {} proxy tokens, or {} bytes of them",
                super::MAX_HOPS,
                super::MAX_TRANSCRIPT_LEN
            ),
        }
    }
}

impl core::error::Error for IakerbError {}

impl From<AcceptorError> for IakerbError {
    fn from(error: AcceptorError) -> Self {
        Self::Acceptor(error)
    }
}

impl From<DecodeError> for IakerbError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<SinkFull> for IakerbError {
    fn from(error: SinkFull) -> Self {
        Self::Output(error)
    }
}

impl<P> fmt::Debug for IakerbAcceptor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IakerbAcceptor").field("realm", &self.realm).finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for Relay<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay(to {}, {} bytes)", self.realm, self.request.len())
    }
}

impl<P> fmt::Debug for IakerbStep<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continue(next) => next.fmt(f),
            Self::Relay(relay) => relay.fmt(f),
            Self::Kerberos(next) => next.fmt(f),
            Self::Done(context) => context.fmt(f),
        }
    }
}
