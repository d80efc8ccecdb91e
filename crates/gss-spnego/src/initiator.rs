use crate::error::{Error, TokenKind};
use crate::exchange::{Exchange, Mechanism, Outcome, reject_on_error, respond};
use crate::mech_list::MechList;
use crate::message::{Message, Supported};
use crate::mic::MicExchange;
use crate::offer::{Offer, Offers};
use crate::wire::{self, InitHeader, NegState, NegotiationToken};
use core::fmt;
use gss_core::{Blame, Diagnose, Env, Handshake, Oid, Role, Step, TokenSink, oid};

/// The side that begins: offers mechanisms, and goes on with the one that the acceptor chooses.
///
/// The first step starts the first mechanism and sends its token along. A mechanism that cannot start (no ticket,
/// for instance) is dropped and the next one takes its place, as long as nothing was sent; a mistake of the caller
/// ends the negotiation at once. After the first token only the acceptor can choose another mechanism.
///
/// The first step takes an empty token, or an acceptor's hints, which are not trusted and change nothing.
///
/// When a later step fails, `output` holds a `NegTokenResp` that says reject, with the mechanism's error token if
/// there is one; unless the acceptor ended the negotiation. A step takes the state with it, so there is no going on
/// after a failure:
///
/// ```compile_fail,E0382
/// # use gss_core::{Env, Handshake, TokenSink};
/// # use gss_spnego::{Initiator, Offers};
/// fn again<L: Offers>(state: Initiator<L>, token: &mut [u8], output: &mut dyn TokenSink, env: &mut Env<'_>) {
///     let _ = state.step(token, output, env);
///     let _ = state.step(token, output, env);
/// }
/// ```
pub struct Initiator<L: Offers> {
    phase: Phase<L>,
}

enum Phase<L: Offers> {
    /// Nothing was sent.
    Fresh(L),
    /// The list was sent; the acceptor has not answered.
    Offered { offers: L, chosen: usize, exchange: Exchange<L::Mechanism> },
    /// The acceptor has chosen.
    Settled { mechanism: Oid, exchange: Exchange<L::Mechanism> },
}

impl<L: Offers> Initiator<L> {
    /// An initiator that offers these mechanisms, most preferred first. The mechanisms should ask for integrity:
    /// without it the list of mechanisms cannot be protected.
    #[must_use]
    pub const fn new(offers: L) -> Self {
        Self { phase: Phase::Fresh(offers) }
    }

    fn settled(mechanism: Oid, exchange: Exchange<L::Mechanism>) -> Self {
        Self { phase: Phase::Settled { mechanism, exchange } }
    }
}

impl<L: Offers> Handshake for Initiator<L> {
    type Established = crate::Established<<L::Mechanism as Handshake>::Established>;
    type Error = Error<<L::Mechanism as Handshake>::Error>;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        match self.phase {
            Phase::Fresh(offers) => {
                let start = output.len();
                // Nothing was sent, so there is nobody to tell about a failure.
                begin(offers, input, output, env).inspect_err(|_| output.truncate(start)).map(Step::Continue)
            }
            Phase::Offered { offers, chosen, exchange } => reject_on_error(output, |output| {
                let message = Message::parse(input)?;
                first_reply(offers, chosen, exchange, message, input, output, env)
            }),
            Phase::Settled { mechanism, exchange } => reject_on_error(output, |output| {
                let message = Message::parse(input)?;
                later_reply(mechanism, exchange, message, input, output, env)
            }),
        }
    }
}

/// Sends the list, and the first token of the first mechanism that starts.
fn begin<L: Offers>(
    mut offers: L,
    input: &[u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<Initiator<L>, Error<<L::Mechanism as Handshake>::Error>> {
    check_hints(input)?;
    let start = output.len();
    let (chosen, mechanism) = start_first(offers.as_mut_slice(), output, env)?;
    let token = output.len().saturating_sub(start);
    let names = offers.as_slice().iter().skip(chosen).flat_map(Offer::names);
    let list = MechList::of(names).ok_or(Error::TooManyOffers)?;
    let header =
        InitHeader { mech_types: Some(list.as_der()), req_flags: None, token: (token > 0).then_some(token) };
    wire::frame_init(output, start, &header)?;
    let exchange = Exchange { role: Role::Initiator, mechanism, list, mic: MicExchange::default() };
    Ok(Initiator { phase: Phase::Offered { offers, chosen, exchange } })
}

/// An acceptor may have spoken first (MS-SPNG 3.2.5.2). Its hints are not protected; they must parse, no more.
fn check_hints<E>(input: &[u8]) -> Result<(), Error<E>> {
    if input.is_empty() {
        return Ok(());
    }
    match NegotiationToken::parse(input)? {
        NegotiationToken::Init(_) => Ok(()),
        NegotiationToken::Resp(_) => {
            Err(Error::UnexpectedToken { expected: TokenKind::NegTokenInit, found: TokenKind::NegTokenResp })
        }
    }
}

/// Starts the most preferred mechanism that can be started. When none can, the error is that of the most preferred.
fn start_first<H: Handshake>(
    offers: &mut [Offer<H>],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<(usize, Mechanism<H>), Error<H::Error>> {
    let start = output.len();
    let mut first_error = None;
    for (index, offer) in offers.iter_mut().enumerate() {
        let Some(handshake) = offer.take() else { continue };
        match Mechanism::step(handshake, &mut [], output, env) {
            Ok(mechanism) => return Ok((index, mechanism)),
            Err(error) if error.blame() == Blame::Caller => return Err(error),
            Err(error) => {
                output.truncate(start);
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or(Error::NoOffers))
}

fn first_reply<L: Offers>(
    offers: L,
    chosen: usize,
    mut exchange: Exchange<L::Mechanism>,
    message: Message,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Initiator<L>, L::Mechanism> {
    if message.state == Some(NegState::REJECT) {
        return Err(exchange.rejected(&message, true, input, output, env));
    }
    let index = match message.supported {
        Supported::Absent => chosen, // leniency::SUPPORTED_MECH_ABSENT
        Supported::Named(name) => {
            find_offered(offers.as_slice(), chosen, name).ok_or(Error::NotOffered { found: name })?
        }
    };
    if index != chosen {
        return reselect(offers, index, exchange, &message, output, env);
    }
    if message.state == Some(NegState::REQUEST_MIC) {
        exchange.mic.require();
    }
    let mechanism = offers.as_slice().get(chosen).map_or(oid::SPNEGO, Offer::mechanism);
    proceed(mechanism, exchange, message, input, output, env)
}

/// The offer of that name, if it was listed: the one whose token was sent, or a later one.
fn find_offered<H>(offers: &[Offer<H>], chosen: usize, name: Option<Oid>) -> Option<usize> {
    let name = name?;
    offers.iter().enumerate().position(|(index, offer)| {
        (index == chosen || offer.is_available()) && offer.is_named(&name) // leniency::KERBEROS_ALIASES
    })
}

/// The acceptor chose another mechanism: the first one is dropped with all it did, and the other starts.
fn reselect<L: Offers>(
    mut offers: L,
    index: usize,
    mut exchange: Exchange<L::Mechanism>,
    message: &Message,
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Initiator<L>, L::Mechanism> {
    let offer = offers.as_mut_slice().get_mut(index).ok_or(Error::NoOffers)?;
    let mechanism = offer.mechanism();
    match message.state {
        Some(NegState::REQUEST_MIC) => exchange.mic.require(),
        // leniency::RESELECTION_WITHOUT_REQUEST_MIC
        Some(NegState::ACCEPT_INCOMPLETE) if mechanism == oid::NTLMSSP => {}
        found => return Err(Error::ReselectionState { mechanism, found }),
    }
    if let Some(token) = &message.token {
        return Err(Error::ReselectionToken { len: token.len() });
    }
    if message.mic.is_some() {
        return Err(Error::MicTooEarly);
    }
    let start = output.len();
    let handshake = offer.take().ok_or(Error::NoOffers)?;
    exchange.mechanism = Mechanism::step(handshake, &mut [], output, env)?;
    exchange.check_mic(None, &[])?;
    answer(mechanism, exchange, message.state, start, output)
}

fn later_reply<L: Offers>(
    mechanism: Oid,
    exchange: Exchange<L::Mechanism>,
    message: Message,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Initiator<L>, L::Mechanism> {
    match message.state {
        Some(NegState::REJECT) => return Err(exchange.rejected(&message, false, input, output, env)),
        Some(NegState::REQUEST_MIC) => return Err(Error::LateRequestMic),
        _ => {}
    }
    // leniency::SUPPORTED_MECH_REPEATED
    if let Supported::Named(found) = message.supported
        && !found.is_some_and(|found| oid::same_mechanism(&found, &mechanism))
    {
        return Err(Error::MechanismChanged { settled: mechanism, found });
    }
    proceed(mechanism, exchange, message, input, output, env)
}

fn proceed<L: Offers>(
    mechanism: Oid,
    exchange: Exchange<L::Mechanism>,
    message: Message,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Initiator<L>, L::Mechanism> {
    let start = output.len();
    let mut exchange = exchange.feed(message.token, input, output, env)?;
    exchange.check_mic(message.mic, input)?;
    answer(mechanism, exchange, message.state, start, output)
}

/// Decides what to send after the mechanism moved (RFC 4178 section 5; the mechanism's token lies in `output`).
fn answer<L: Offers>(
    mechanism: Oid,
    mut exchange: Exchange<L::Mechanism>,
    peer: Option<NegState>,
    start: usize,
    output: &mut dyn TokenSink,
) -> Outcome<Initiator<L>, L::Mechanism> {
    let token = output.len().saturating_sub(start);
    let done = matches!(exchange.mechanism, Mechanism::Done(_));
    if !done && token == 0 {
        return Err(Error::SilentMechanism);
    }
    if token > 0 && peer == Some(NegState::ACCEPT_COMPLETED) {
        return Err(Error::CompletedTooEarly);
    }
    // A MIC goes out as soon as the mechanism is done: with its last token, or in answer to the acceptor's MIC.
    let owed = done && !exchange.mic.is_sent();
    let send_mic = owed && (exchange.mic.is_received() || (token > 0 && exchange.mic.is_required()));
    if send_mic {
        exchange.send_mic(output)?;
    }
    if token > 0 {
        respond(output, start, token, NegState::ACCEPT_INCOMPLETE, None)?;
        return Ok(Step::Continue(Initiator::settled(mechanism, exchange)));
    }
    if send_mic {
        respond(output, start, 0, NegState::ACCEPT_COMPLETED, None)?;
    }
    exchange.finish(|exchange| Initiator::settled(mechanism, exchange)) // leniency::INCOMPLETE_AT_END
}

impl<L: Offers> fmt::Debug for Initiator<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase: &dyn fmt::Debug = match &self.phase {
            Phase::Fresh(offers) => &offers.as_slice(),
            Phase::Offered { .. } => &"offered",
            Phase::Settled { mechanism, .. } => mechanism,
        };
        f.debug_tuple("Initiator").field(phase).finish()
    }
}
