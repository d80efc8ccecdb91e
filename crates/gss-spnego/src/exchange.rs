//! What both sides share: the mechanism at work, the list of mechanisms, the MICs, and replies.

use crate::error::Error;
use crate::established::Established;
use crate::mech_list::MechList;
use crate::message::Message;
use crate::mic::MicExchange;
use crate::wire::{self, NegState, RespHeader};
use core::ops::Range;
use gss_core::{Env, Handshake, Oid, Role, Step, TokenSink};

/// A negotiation whose mechanism is at work.
pub(crate) struct Exchange<H: Handshake> {
    pub(crate) role: Role,
    pub(crate) mechanism: Mechanism<H>,
    pub(crate) list: MechList,
    pub(crate) mic: MicExchange,
}

pub(crate) enum Mechanism<H: Handshake> {
    Running(H),
    Done(H::Established),
}

pub(crate) type Outcome<P, H> =
    Result<Step<P, Established<<H as Handshake>::Established>>, Error<<H as Handshake>::Error>>;

impl<H: Handshake> Mechanism<H> {
    /// Starts the mechanism, or moves it on by the token that lies in `input`.
    pub(crate) fn step(
        handshake: H,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Self, Error<H::Error>> {
        match handshake.step(input, output, env).map_err(Error::Mechanism)? {
            Step::Continue(next) => Ok(Self::Running(next)),
            Step::Done(context) => Ok(Self::Done(context)),
        }
    }
}

impl<H: Handshake> Exchange<H> {
    /// Gives the mechanism the token of a message.
    pub(crate) fn feed(
        mut self,
        token: Option<Range<usize>>,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Self, Error<H::Error>> {
        self.mechanism = match (self.mechanism, token) {
            (Mechanism::Running(handshake), Some(token)) if !token.is_empty() => {
                let token = input.get_mut(token).unwrap_or_default();
                Mechanism::step(handshake, token, output, env)?
            }
            // An empty token would start an initiator's mechanism anew, so none is passed on.
            (Mechanism::Running(_), _) => return Err(Error::TokenMissing),
            (done, None) => done,
            // leniency::EMPTY_TOKEN_WHEN_DONE
            (done, Some(token)) if token.is_empty() && self.role == Role::Initiator => done,
            (Mechanism::Done(_), Some(token)) => return Err(Error::TokenAfterEnd { len: token.len() }),
        };
        Ok(self)
    }

    /// Takes the peer's MIC, if there is one, and notes what a finished mechanism says about MICs.
    pub(crate) fn check_mic(
        &mut self,
        mic: Option<Range<usize>>,
        input: &[u8],
    ) -> Result<(), Error<H::Error>> {
        match (&mut self.mechanism, mic) {
            (Mechanism::Running(_), None) => Ok(()),
            (Mechanism::Running(_), Some(_)) => Err(Error::MicTooEarly),
            (Mechanism::Done(context), mic) => {
                self.mic.settle(context);
                let Some(mic) = mic else { return Ok(()) };
                self.mic.receive(context, &self.list, input.get(mic).unwrap_or_default())
            }
        }
    }

    /// Appends our MIC to the reply. Does nothing while the mechanism is not done.
    pub(crate) fn send_mic(&mut self, output: &mut dyn TokenSink) -> Result<(), Error<H::Error>> {
        match &mut self.mechanism {
            Mechanism::Running(_) => Ok(()),
            Mechanism::Done(context) => self.mic.send(context, &self.list, output),
        }
    }

    /// The established context, once the exchange of MICs is over.
    pub(crate) fn finish<P>(self, otherwise: impl FnOnce(Self) -> P) -> Outcome<P, H> {
        match self.mechanism {
            Mechanism::Running(_) => Ok(Step::Continue(otherwise(self))),
            Mechanism::Done(context) => Ok(Step::Done(Established::new(context, self.mic.conclude()?))),
        }
    }

    /// The peer said reject. Its token may tell why.
    pub(crate) fn rejected(
        self,
        message: &Message,
        first: bool,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Error<H::Error> {
        let Mechanism::Running(handshake) = self.mechanism else {
            return Error::Rejected { first, reason: None };
        };
        let Some(token) = message.token.clone().filter(|token| !token.is_empty()) else {
            return Error::Rejected { first, reason: None };
        };
        match handshake.step(input.get_mut(token).unwrap_or_default(), output, env) {
            Ok(_) => Error::RejectedAfterSuccess,
            Err(error) => Error::Rejected { first, reason: Some(error) },
        }
    }
}

/// Makes a `NegTokenResp` of what `output` holds from `start` on: `token` bytes of the mechanism, then perhaps a MIC.
pub(crate) fn respond<E>(
    output: &mut dyn TokenSink,
    start: usize,
    token: usize,
    state: NegState,
    supported: Option<&Oid>,
) -> Result<(), Error<E>> {
    let header = RespHeader {
        state: Some(state),
        supported_mech: supported.map(Oid::as_bytes),
        token: (token > 0).then_some(token),
    };
    Ok(wire::frame_resp(output, start, &header)?)
}

/// Ends a negotiation that failed: says so to the peer, with the mechanism's error token if it left one, unless the
/// peer ended it.
pub(crate) fn reject_on_error<T, E>(
    output: &mut dyn TokenSink,
    step: impl FnOnce(&mut dyn TokenSink) -> Result<T, Error<E>>,
) -> Result<T, Error<E>> {
    let start = output.len();
    step(output).inspect_err(|error| {
        let token = match error {
            Error::Mechanism(_) => output.len().saturating_sub(start),
            _ => 0,
        };
        output.truncate(start.saturating_add(token));
        let ended_by_peer = matches!(error, Error::Rejected { .. } | Error::RejectedAfterSuccess);
        if ended_by_peer || respond::<E>(output, start, token, NegState::REJECT, None).is_err() {
            output.truncate(start);
        }
    })
}
