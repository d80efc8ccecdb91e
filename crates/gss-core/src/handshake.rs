use crate::context::SecurityContext;
use crate::error::Diagnose;
use crate::sink::TokenSink;
use crate::time::Timestamp;
use core::fmt;
use rand_core::CryptoRng;

/// One side of context establishment, in one of its states.
///
/// An initiator's first step takes an empty `input`; every later one takes the peer's token. A step consumes the
/// state, so that nothing can be done with a handshake that failed or finished.
pub trait Handshake: Sized {
    /// What comes out at the end.
    type Established: SecurityContext;
    /// What goes wrong on the way.
    type Error: Diagnose;

    /// Takes the peer's token and moves on.
    ///
    /// `input` is changed in place: ciphertext becomes plaintext. The answer for the peer is appended to `output`;
    /// when nothing was appended, nothing is to be sent. That holds for an error too: what `output` holds then is
    /// the mechanism's error token (KRB-ERROR, SPNEGO reject), to be sent if the protocol around has a place for it.
    ///
    /// # Errors
    /// The rule that was broken, and by whom. The handshake is over.
    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error>;
}

/// What the world supplies for a step: time and randomness.
pub struct Env<'e> {
    /// The time now.
    pub now: Timestamp,
    /// Where keys, confounders and sequence numbers come from.
    pub rng: &'e mut dyn CryptoRng,
}

impl<'e> Env<'e> {
    /// An environment at this time with this source of randomness.
    #[must_use]
    pub fn new(now: Timestamp, rng: &'e mut dyn CryptoRng) -> Self {
        Self { now, rng }
    }
}

impl fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("now", &self.now).finish_non_exhaustive()
    }
}

/// How a step came out: the next state `P`, or the established context `E`.
#[derive(Debug)]
#[must_use]
pub enum Step<P, E> {
    /// The peer's answer is needed. Send the output and hand the answer to the next state.
    Continue(P),
    /// The context is established. Send the output, if there is any.
    Done(E),
}

impl<P, E> Step<P, E> {
    /// The same outcome around another next state.
    pub fn map_continue<Q>(self, map: impl FnOnce(P) -> Q) -> Step<Q, E> {
        match self {
            Self::Continue(next) => Step::Continue(map(next)),
            Self::Done(established) => Step::Done(established),
        }
    }

    /// The same outcome around another established context.
    pub fn map_done<F>(self, map: impl FnOnce(E) -> F) -> Step<P, F> {
        match self {
            Self::Continue(next) => Step::Continue(next),
            Self::Done(established) => Step::Done(map(established)),
        }
    }
}
