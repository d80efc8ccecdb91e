use super::{Draft, ProxyMessage, Transcript, proxy_content};
use crate::context::Context;
use crate::initiator::{Initiator, InitiatorError, Presented};
use crate::ticket::ServiceTicket;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Blame, Diagnose, Env, Handshake, MajorStatus, SinkFull, Step, TokenSink};
use krb5_asn1::DecodeError;

/// Where an initiator without a KDC gets its ticket from: exchanges whose messages the acceptor carries.
pub trait TicketSource {
    /// What goes wrong in the exchanges.
    type Error: Diagnose;

    /// Takes the reply to the last request, `None` at first, and says what is needed next. `realm` is the
    /// acceptor's, when it was asked for and told.
    ///
    /// # Errors
    /// The exchange failed: wrong password, unknown name and so on.
    fn advance(
        &mut self,
        realm: Option<&str>,
        reply: Option<&[u8]>,
        env: &mut Env<'_>,
    ) -> Result<TicketStep, Self::Error>;
}

/// What a [`TicketSource`] needs next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once an exchange and moved at once; a box would cost more"
)]
pub enum TicketStep {
    /// The acceptor's realm.
    AskRealm,
    /// This message to a KDC of this realm.
    Request {
        /// The realm.
        realm: String,
        /// The message, without any length in front.
        message: Vec<u8>,
    },
    /// Nothing: this is the ticket for the acceptor.
    Ticket(ServiceTicket),
}

/// An initiator whose messages to the KDC go through the acceptor.
pub struct IakerbInitiator<S>(State<S>);

#[expect(
    clippy::large_enum_variant,
    reason = "made once an exchange and moved at once; a box would cost more"
)]
enum State<S> {
    Fetch(Fetch<S>),
    Authenticate(Initiator<ServiceTicket>),
}

struct Fetch<S> {
    source: S,
    configure: fn(Initiator<ServiceTicket>) -> Initiator<ServiceTicket>,
    transcript: Transcript,
    draft: Draft,
    /// The acceptor's state in its last token, to be returned in our next.
    cookie: Option<Vec<u8>>,
    started: bool,
}

impl<S: TicketSource> IakerbInitiator<S> {
    /// An initiator that takes its ticket from `source`.
    #[must_use]
    pub fn new(source: S) -> Self {
        Self::with_options(source, |initiator| initiator)
    }

    /// The same, with flags, bindings and so on set by `configure`.
    #[must_use]
    pub fn with_options(
        source: S,
        configure: fn(Initiator<ServiceTicket>) -> Initiator<ServiceTicket>,
    ) -> Self {
        let (transcript, draft) = (Transcript::default(), Draft::default());
        Self(State::Fetch(Fetch { source, configure, transcript, draft, cookie: None, started: false }))
    }

    /// Follows this draft, for acceptors that know no other. Nothing tells beforehand which one knows what; after the
    /// first step it is too late to choose.
    #[must_use]
    pub fn draft(mut self, draft: Draft) -> Self {
        if let State::Fetch(fetch) = &mut self.0
            && !fetch.started
        {
            fetch.draft = draft;
        }
        self
    }
}

impl<S: TicketSource> Handshake for IakerbInitiator<S> {
    type Established = Context<Presented<ServiceTicket>>;
    type Error = IakerbInitiatorError<S::Error>;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        match self.0 {
            State::Fetch(fetch) => fetch.step(input, output, env),
            State::Authenticate(initiator) => authenticate(initiator, input, output, env),
        }
    }
}

type StepResult<S> = Result<
    Step<IakerbInitiator<S>, Context<Presented<ServiceTicket>>>,
    IakerbInitiatorError<<S as TicketSource>::Error>,
>;

impl<S: TicketSource> Fetch<S> {
    fn step(mut self, input: &mut [u8], output: &mut dyn TokenSink, env: &mut Env<'_>) -> StepResult<S> {
        let next = match (self.started, input.is_empty()) {
            (false, true) => self.source.advance(None, None, env),
            (false, false) => return Err(IakerbInitiatorError::UnexpectedInput { len: input.len() }),
            (true, _) => {
                let content =
                    proxy_content(input, &self.transcript).ok_or(IakerbInitiatorError::NotProxied)?;
                let proxied = ProxyMessage::parse(content)?;
                self.transcript.add(input).ok_or(IakerbInitiatorError::TooManyHops)?;
                self.cookie = proxied.cookie.map(Vec::from);
                let reply = Some(proxied.message).filter(|message| !message.is_empty());
                self.source.advance(Some(proxied.realm), reply, env)
            }
        };
        self.started = true;
        match next.map_err(IakerbInitiatorError::Source)? {
            TicketStep::AskRealm => self.send("", b"", output),
            TicketStep::Request { realm, message } => self.send(&realm, &message, output),
            TicketStep::Ticket(ticket) => {
                let initiator = (self.configure)(Initiator::new(ticket));
                let initiator = initiator.after_iakerb(self.transcript, self.draft);
                authenticate(initiator, &mut [], output, env)
            }
        }
    }

    fn send(mut self, realm: &str, message: &[u8], output: &mut dyn TokenSink) -> StepResult<S> {
        let cookie = self.cookie.as_deref();
        let message = ProxyMessage { realm, cookie, message, draft: self.draft };
        let token = message.to_token_after(&self.transcript)?;
        self.transcript.add(&token).ok_or(IakerbInitiatorError::TooManyHops)?;
        output.put(&token)?;
        Ok(Step::Continue(IakerbInitiator(State::Fetch(self))))
    }
}

/// The AP exchange, once the ticket is there.
fn authenticate<S: TicketSource>(
    initiator: Initiator<ServiceTicket>,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> StepResult<S> {
    let step = initiator.step(input, output, env)?;
    Ok(step.map_continue(|next| IakerbInitiator(State::Authenticate(next))))
}

/// Why an IAKERB initiator gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IakerbInitiatorError<E> {
    /// A proxy token does not begin with a header.
    Decode(DecodeError),
    /// The AP exchange failed.
    Initiator(InitiatorError),
    /// The acceptor's token holds no reply from a KDC.
    NotProxied,
    /// The output has no room for the token.
    Output(SinkFull),
    /// The exchanges with the KDC failed.
    Source(E),
    /// More tokens, or more bytes in them, than [`MAX_HOPS`](super::MAX_HOPS) and
    /// [`MAX_TRANSCRIPT_LEN`](super::MAX_TRANSCRIPT_LEN) allow.
    TooManyHops,
    /// The first step got input, although the initiator begins.
    UnexpectedInput {
        /// Its length in bytes.
        len: usize,
    },
}

impl<E: Diagnose> Diagnose for IakerbInitiatorError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Initiator(error) => error.blame(),
            Self::Source(error) => error.blame(),
            Self::Decode(_) | Self::NotProxied | Self::TooManyHops => Blame::Peer,
            Self::Output(_) | Self::UnexpectedInput { .. } => Blame::Caller,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Decode(_) => "malformed_message",
            Self::Initiator(error) => error.code(),
            Self::NotProxied => "iakerb_not_proxied",
            Self::Output(_) => "buffer_too_small",
            Self::Source(error) => error.code(),
            Self::TooManyHops => "iakerb_too_many_hops",
            Self::UnexpectedInput { .. } => "unexpected_input",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Initiator(error) => error.major(),
            Self::Source(error) => error.major(),
            Self::Decode(_) | Self::NotProxied | Self::TooManyHops => MajorStatus::DEFECTIVE_TOKEN,
            Self::Output(_) | Self::UnexpectedInput { .. } => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Initiator(error) => error.minor(),
            Self::Source(error) => error.minor(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for IakerbInitiatorError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => write!(f, "proxy token: {error}"),
            Self::Initiator(error) => error.fmt(f),
            Self::NotProxied => f.write_str("the acceptor's token holds no reply from a KDC"),
            Self::Output(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::TooManyHops => write!(
                f,
                "more than {} proxy tokens, or {} bytes of them",
                super::MAX_HOPS,
                super::MAX_TRANSCRIPT_LEN
            ),
            Self::UnexpectedInput { len } => {
                write!(f, "first step got {len} bytes of input, the initiator begins")
            }
        }
    }
}

impl<E: core::error::Error> core::error::Error for IakerbInitiatorError<E> {}

impl<E> From<DecodeError> for IakerbInitiatorError<E> {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl<E> From<InitiatorError> for IakerbInitiatorError<E> {
    fn from(error: InitiatorError) -> Self {
        Self::Initiator(error)
    }
}

impl<E> From<SinkFull> for IakerbInitiatorError<E> {
    fn from(error: SinkFull) -> Self {
        Self::Output(error)
    }
}

impl<S> fmt::Debug for IakerbInitiator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Fetch(_) => "IakerbInitiator::Fetch",
            State::Authenticate(_) => "IakerbInitiator::Authenticate",
        })
    }
}
