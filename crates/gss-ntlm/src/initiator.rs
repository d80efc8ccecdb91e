//! The side that begins: NEGOTIATE out, CHALLENGE in, AUTHENTICATE out (MS-NLMP 3.1.5).

mod authenticate;
mod error;

pub use error::InitiatorError;

use crate::context::{Context, Parties};
use crate::logon::HeldLogon;
use crate::wire::{NegotiateFlags, NegotiateMessage, Version};
use core::fmt::{self, Display};
use gss_core::bindings::BindingDigest;
use gss_core::{ChannelBindings, ContextFlags, Env, Handshake, Step, TokenSink};

/// The initiator's side of a context. `L` holds the logon: [`LogonRef`](crate::LogonRef), or
/// [`Logon`](crate::Logon) behind any pointer.
///
/// Its first step writes NEGOTIATE, its second takes CHALLENGE, writes AUTHENTICATE and is the last: whether the
/// server lets the user in is for the protocol around to say.
pub struct Initiator<L> {
    logon: L,
    options: Options,
    state: State,
}

/// What the caller wants, beyond the logon.
#[derive(Clone, Copy, Debug)]
struct Options {
    flags: ContextFlags,
    bindings: BindingDigest,
    version: Version,
    transport: Transport,
    untrusted_target: bool,
    weak_keys: bool,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Connection,
    Datagram,
}

enum State {
    Fresh,
    /// NEGOTIATE as it was sent, for the MIC. Datagrams do without.
    Sent(Option<[u8; NEGOTIATE_LEN]>),
}

/// NEGOTIATE with a version, and without the names that nobody reads.
const NEGOTIATE_LEN: usize = 40;

/// The version both roles give for themselves. Peers look at the revision only, if at all.
pub(crate) const VERSION: Version = Version { major: 10, minor: 0, build: 0, revision: 15 };

impl<L: HeldLogon> Initiator<L> {
    /// An initiator for this logon. It asks for integrity and confidentiality.
    #[must_use]
    pub fn new(logon: L) -> Self {
        let flags = ContextFlags::INTEGRITY
            | ContextFlags::REPLAY
            | ContextFlags::SEQUENCE
            | ContextFlags::CONFIDENTIALITY;
        let options = Options {
            flags,
            bindings: BindingDigest::NONE,
            version: VERSION,
            transport: Transport::Connection,
            untrusted_target: false,
            weak_keys: false,
        };
        Self { logon, options, state: State::Fresh }
    }

    /// Asks for these flags and no others. NTLM offers integrity with replay and sequence detection, confidentiality,
    /// and identification; what else is asked for is not granted, and the context's facts say so.
    #[must_use]
    pub fn flags(self, flags: ContextFlags) -> Self {
        self.configure(|options| options.flags = flags)
    }

    /// Asks for these flags besides.
    #[must_use]
    pub fn also(self, flags: ContextFlags) -> Self {
        self.configure(|options| options.flags |= flags)
    }

    /// Ties the context to a channel (`MsvAvChannelBindings`).
    #[must_use]
    pub fn channel_bindings(self, bindings: &ChannelBindings<'_>) -> Self {
        self.binding_digest(BindingDigest::of(bindings))
    }

    /// The same for bindings whose digest was computed earlier.
    #[must_use]
    pub fn binding_digest(self, digest: BindingDigest) -> Self {
        self.configure(|options| options.bindings = digest)
    }

    /// Says that the logon's target comes from a source that nobody vouches for: servers do not count on it then.
    #[must_use]
    pub fn untrusted_target(self) -> Self {
        self.configure(|options| options.untrusted_target = true)
    }

    /// Settles for keys of 56 bits to protect messages with, where the server has no better ones.
    #[must_use]
    pub fn allow_56_bit_keys(self) -> Self {
        self.configure(|options| options.weak_keys = true)
    }

    /// Speaks the connectionless variant (MS-NLMP 1.3.1.2): the first step writes nothing, the server's CHALLENGE comes
    /// unasked, and every message carries its own key stream.
    #[must_use]
    pub fn datagram(self) -> Self {
        self.configure(|options| options.transport = Transport::Datagram)
    }

    /// The version of the operating system that the messages name.
    #[must_use]
    pub fn version(self, version: Version) -> Self {
        self.configure(|options| options.version = version)
    }

    fn configure(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }
}

impl Options {
    /// What NEGOTIATE asks for (MS-NLMP 3.1.5.1.1). OEM is not offered, so that nobody can pick it.
    fn requested(&self) -> NegotiateFlags {
        let mut flags = NegotiateFlags::UNICODE
            | NegotiateFlags::REQUEST_TARGET
            | NegotiateFlags::NTLM
            | NegotiateFlags::ALWAYS_SIGN
            | NegotiateFlags::EXTENDED_SESSION_SECURITY
            | NegotiateFlags::VERSION
            | NegotiateFlags::KEY_128
            | self.required();
        // A key of its own is for messages. Without any, peers do not agree on who uses which key.
        if self.required() != NegotiateFlags::NONE {
            flags = flags.with(NegotiateFlags::KEY_EXCHANGE);
        }
        if self.weak_keys {
            flags = flags.with(NegotiateFlags::KEY_56);
        }
        if self.flags.contains(ContextFlags::IDENTIFY) {
            flags = flags.with(NegotiateFlags::IDENTIFY);
        }
        if self.transport == Transport::Datagram {
            flags = flags.with(NegotiateFlags::DATAGRAM);
        }
        flags
    }

    /// What the server has to grant of what protects messages.
    fn required(&self) -> NegotiateFlags {
        let integrity = ContextFlags::INTEGRITY | ContextFlags::REPLAY | ContextFlags::SEQUENCE;
        if self.flags.contains(ContextFlags::CONFIDENTIALITY) {
            NegotiateFlags::SIGN | NegotiateFlags::SEAL
        } else if self.flags.intersects(integrity) {
            NegotiateFlags::SIGN
        } else {
            NegotiateFlags::NONE
        }
    }

    fn write_negotiate(&self, output: &mut dyn TokenSink) -> Result<[u8; NEGOTIATE_LEN], InitiatorError> {
        let start = output.len();
        let message = NegotiateMessage {
            flags: self.requested(),
            domain: None,
            workstation: None,
            version: Some(self.version),
        };
        message.write(output)?;
        let written = output.as_slice().get(start..).unwrap_or_default();
        written.try_into().map_err(|_| InitiatorError::NegotiateLength { found: written.len() })
    }
}

impl<L: HeldLogon> Handshake for Initiator<L> {
    type Established = Context<LoggedOn<L>>;
    type Error = InitiatorError;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        let Self { logon, options, state } = self;
        match state {
            State::Fresh if !input.is_empty() => Err(InitiatorError::UnexpectedInput { length: input.len() }),
            State::Fresh => {
                let sent = match options.transport {
                    Transport::Connection => Some(options.write_negotiate(output)?),
                    Transport::Datagram => None,
                };
                Ok(Step::Continue(Self { logon, options, state: State::Sent(sent) }))
            }
            State::Sent(negotiate) => {
                let negotiate = negotiate.as_ref().map(<[u8; NEGOTIATE_LEN]>::as_slice);
                let start = output.len();
                let agreed = authenticate::answer(&logon.held(), &options, negotiate, input, output, env);
                let context = agreed.and_then(|agreed| Ok(Context::new(LoggedOn { logon }, agreed)?));
                if context.is_err() {
                    output.truncate(start); // half an answer would be taken for the token to be sent
                }
                context.map(Step::Done)
            }
        }
    }
}

impl<L> fmt::Debug for Initiator<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Fresh => "Initiator::Fresh",
            State::Sent(_) => "Initiator::Sent",
        })
    }
}

/// What an initiator knows in the end.
#[derive(Debug)]
pub struct LoggedOn<L> {
    logon: L,
}

impl<L> LoggedOn<L> {
    /// The logon that was used.
    pub fn logon(&self) -> &L {
        &self.logon
    }
}

impl<L: HeldLogon> Parties for LoggedOn<L> {
    fn peer(&self) -> Option<&(dyn Display + Send + Sync)> {
        None
    }

    fn local(&self) -> Option<&(dyn Display + Send + Sync)> {
        Some(self.logon.name())
    }
}
