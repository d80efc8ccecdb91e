use crate::error::{Error, TokenKind};
use crate::exchange::{Exchange, Mechanism, Outcome, reject_on_error, respond};
use crate::mech_list::MechList;
use crate::message::{self, Message, Supported};
use crate::mic::{MicExchange, MicOutcome};
use crate::offer::{Offer, Offers};
use crate::wire::{Field, HINT_NAME, MechTypeList, NegHints, NegState, NegTokenInit, NegotiationToken};
use core::fmt;
use gss_core::framing::Framed;
use gss_core::{Env, Handshake, Oid, Role, Step, TokenSink, oid};

/// The side that answers: takes the first mechanism of the initiator's list that it accepts.
///
/// An empty first token asks for hints: the answer lists the mechanisms (`NegTokenInit2`, MS-SPNG 3.2.5.2), and the
/// negotiation begins with the next token.
///
/// When a step fails, `output` holds a `NegTokenResp` that says reject, with the mechanism's error token if there is
/// one; unless the initiator ended the negotiation, or speaks the mechanism without SPNEGO.
pub struct Acceptor<L: Offers> {
    phase: Phase<L>,
}

#[expect(clippy::large_enum_variant, reason = "the list is kept inline so that no heap is needed")]
enum Phase<L: Offers> {
    /// Nothing was received, or a request for hints.
    Waiting { offers: L, options: Options, hinted: bool },
    /// A mechanism was chosen.
    Settled(Exchange<L::Mechanism>),
    /// The initiator does without SPNEGO.
    Raw(L::Mechanism),
}

#[derive(Clone, Copy, Default)]
struct Options {
    raw_tokens: RawTokens,
    request_mic: RequestMic,
}

/// Whether an acceptor takes a mechanism's own tokens, without SPNEGO. Its replies are without SPNEGO then too.
///
/// Such an initiator names one mechanism and no list, so nothing protects the choice; the mechanism itself
/// authenticates as ever. Over HTTP `Negotiate`, Windows clients send raw NTLM and some libraries raw Kerberos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RawTokens {
    /// No.
    #[default]
    Refuse,
    /// Those of offered mechanisms: framed (RFC 2743 section 3.1), and NTLM messages.
    Accept,
    /// Those, and Kerberos AP-REQ without framing, as DCE style and impacket send them.
    AcceptBareApReq,
}

/// When an acceptor insists on MICs over the list of mechanisms, if the mechanism itself leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RequestMic {
    /// Unless the mechanism is the first of the initiator's list and the first of our own (RFC 4178 section 5).
    /// So it notices when a better mechanism was taken off the list on the way.
    #[default]
    UnlessPreferredByBoth,
    /// Unless the mechanism is the first of the initiator's list, as MIT krb5 does; for initiators that list a lesser
    /// mechanism alone and cannot make MICs.
    UnlessPreferredByInitiator,
}

impl<L: Offers> Acceptor<L> {
    /// An acceptor for these mechanisms, most preferred first.
    #[must_use]
    pub fn new(offers: L) -> Self {
        Self::waiting(offers, Options::default(), false)
    }

    /// Sets what happens to mechanism tokens without SPNEGO. Has an effect before the first step.
    #[must_use]
    pub fn with_raw_tokens(mut self, policy: RawTokens) -> Self {
        if let Phase::Waiting { options, .. } = &mut self.phase {
            options.raw_tokens = policy;
        }
        self
    }

    /// Sets when MICs over the list of mechanisms are required. Has an effect before the first step.
    #[must_use]
    pub fn with_request_mic(mut self, policy: RequestMic) -> Self {
        if let Phase::Waiting { options, .. } = &mut self.phase {
            options.request_mic = policy;
        }
        self
    }

    fn waiting(offers: L, options: Options, hinted: bool) -> Self {
        Self { phase: Phase::Waiting { offers, options, hinted } }
    }

    fn settled(exchange: Exchange<L::Mechanism>) -> Self {
        Self { phase: Phase::Settled(exchange) }
    }
}

impl<L: Offers> Handshake for Acceptor<L> {
    type Established = crate::Established<<L::Mechanism as Handshake>::Established>;
    type Error = Error<<L::Mechanism as Handshake>::Error>;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        match self.phase {
            Phase::Waiting { mut offers, options, hinted } => {
                let first =
                    reject_on_error(output, |_| First::of(input, offers.as_slice(), options, hinted))?;
                match first {
                    First::HintsWanted => {
                        write_hints(offers.as_slice(), output)?;
                        Ok(Step::Continue(Self::waiting(offers, options, true)))
                    }
                    First::Negotiation => reject_on_error(output, |output| {
                        negotiate(offers.as_mut_slice(), options, input, output, env)
                    }),
                    First::Raw(index) => {
                        let offer = offers.as_mut_slice().get_mut(index);
                        let handshake = offer.and_then(Offer::take).ok_or(Error::NoOffers)?;
                        raw_step(handshake, input, output, env)
                    }
                }
            }
            Phase::Settled(exchange) => {
                reject_on_error(output, |output| later_token(exchange, input, output, env))
            }
            Phase::Raw(handshake) => raw_step(handshake, input, output, env),
        }
    }
}

/// What the initiator's first token asks for.
enum First {
    HintsWanted,
    Negotiation,
    /// The mechanism of the offer with this index, without SPNEGO.
    Raw(usize),
}

impl First {
    fn of<H, E>(input: &[u8], offers: &[Offer<H>], options: Options, hinted: bool) -> Result<Self, Error<E>> {
        let found = message::kind(input);
        let mechanism = match found {
            TokenKind::Empty if !hinted => return Ok(Self::HintsWanted),
            TokenKind::NegTokenInit => return Ok(Self::Negotiation), // leniency::BARE_INIT
            TokenKind::Framed => {
                match Framed::parse(input).map_err(|error| Error::Wire(error.into()))?.mechanism {
                    oid::SPNEGO => return Ok(Self::Negotiation),
                    mechanism => mechanism,
                }
            }
            TokenKind::Ntlm => oid::NTLMSSP,
            TokenKind::BareApReq => oid::KRB5,
            TokenKind::Empty | TokenKind::NegTokenResp | TokenKind::Unknown => {
                return Err(Error::UnexpectedToken { expected: TokenKind::NegTokenInit, found });
            }
        };
        match options.raw_tokens {
            RawTokens::AcceptBareApReq => {}
            RawTokens::Accept if found != TokenKind::BareApReq => {}
            _ => return Err(Error::RawTokenRefused { found }),
        }
        let index = offers.iter().position(|offer| offer.is_named(&mechanism));
        index.map(Self::Raw).ok_or(Error::RawMechanismUnknown { found: mechanism })
    }
}

fn write_hints<H, E>(offers: &[Offer<H>], output: &mut dyn TokenSink) -> Result<(), Error<E>> {
    let list = match MechList::of(offers.iter().flat_map(Offer::names)) {
        Some(list) => list,
        None if offers.is_empty() => return Err(Error::NoOffers),
        None => return Err(Error::TooManyOffers),
    };
    let init = NegTokenInit {
        mech_types: Some(MechTypeList::parse(list.as_der())?),
        req_flags: None,
        mech_token: None,
        hints: Some(NegHints { name: Some(Field::new(HINT_NAME)), address: None }),
        mech_list_mic: None,
    };
    Ok(init.write(output)?)
}

fn raw_step<L: Offers>(
    handshake: L::Mechanism,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Acceptor<L>, L::Mechanism> {
    Ok(match Mechanism::step(handshake, input, output, env)? {
        Mechanism::Running(next) => Step::Continue(Acceptor { phase: Phase::Raw(next) }),
        Mechanism::Done(context) => {
            Step::Done(crate::Established::new(context, MicOutcome::not_negotiated()))
        }
    })
}

/// Takes the list, chooses, and passes the optimistic token on if it is for the mechanism chosen.
fn negotiate<L: Offers>(
    offers: &mut [Offer<L::Mechanism>],
    options: Options,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Acceptor<L>, L::Mechanism> {
    let NegotiationToken::Init(init) = NegotiationToken::parse(input)? else {
        return Err(Error::UnexpectedToken {
            expected: TokenKind::NegTokenInit,
            found: TokenKind::NegTokenResp,
        });
    };
    let types = init.mech_types.ok_or(Error::MechTypesMissing)?;
    let token = init.mech_token.map(|token| token.range()).filter(|token| !token.is_empty());
    let peer_mic = init.mech_list_mic.map(|mic| mic.range());
    let choice = Choice::of(&types, offers).ok_or(Error::NoCommonMechanism)?;
    let list = MechList::received(types).ok_or(Error::TooManyOffers)?;
    let handshake = offers.get_mut(choice.ours).and_then(Offer::take).ok_or(Error::NoOffers)?;
    let mut exchange = Exchange {
        role: Role::Acceptor,
        mechanism: Mechanism::Running(handshake),
        list,
        mic: MicExchange::default(),
    };
    if choice.calls_for_mic(options.request_mic) {
        exchange.mic.require();
    }
    let start = output.len();
    if choice.is_optimistic() && (token.is_some() || peer_mic.is_some()) {
        exchange = exchange.feed(token, input, output, env)?;
        exchange.check_mic(peer_mic, input)?;
        return answer(exchange, Some(choice.name), start, output);
    }
    // The token, and a MIC that may come along, are of a mechanism that is out; or there is no token yet.
    respond(output, start, 0, first_state(&exchange.mic), Some(&choice.name))?;
    Ok(Step::Continue(Acceptor::settled(exchange)))
}

/// The mechanism chosen.
struct Choice {
    /// Its place in the initiator's list.
    theirs: usize,
    /// Its place in our offers.
    ours: usize,
    /// The name under which the initiator listed it. The reply repeats this very name: Windows clients do not take
    /// another of Kerberos (MS-SPNG 3.2.5.1).
    name: Oid,
}

impl Choice {
    /// The first of the list that we accept. Names that cannot be represented are of mechanisms unknown to us.
    fn of<H>(types: &MechTypeList<'_>, offers: &[Offer<H>]) -> Option<Self> {
        types.iter().enumerate().find_map(|(theirs, name)| {
            let name = name.oid()?;
            let ours = offers.iter().position(|offer| offer.is_available() && offer.is_named(&name))?;
            Some(Self { theirs, ours, name })
        })
    }

    fn is_optimistic(&self) -> bool {
        self.theirs == 0
    }

    fn calls_for_mic(&self, policy: RequestMic) -> bool {
        match policy {
            RequestMic::UnlessPreferredByBoth => self.theirs != 0 || self.ours != 0,
            RequestMic::UnlessPreferredByInitiator => self.theirs != 0,
        }
    }
}

fn later_token<L: Offers>(
    exchange: Exchange<L::Mechanism>,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Outcome<Acceptor<L>, L::Mechanism> {
    let message = Message::parse(input)?;
    // Of an initiator's states only reject matters: the tokens say the rest.
    if message.state == Some(NegState::REJECT) {
        return Err(exchange.rejected(&message, false, input, output, env));
    }
    if let Supported::Named(_) = message.supported {
        return Err(Error::SupportedMechFromInitiator);
    }
    let start = output.len();
    let mut exchange = exchange.feed(message.token, input, output, env)?;
    exchange.check_mic(message.mic, input)?;
    answer(exchange, None, start, output)
}

/// Decides what to send after the mechanism moved (RFC 4178 section 5; the mechanism's token lies in `output`).
/// `first` is the name of the mechanism for the first reply.
fn answer<L: Offers>(
    mut exchange: Exchange<L::Mechanism>,
    first: Option<Oid>,
    start: usize,
    output: &mut dyn TokenSink,
) -> Outcome<Acceptor<L>, L::Mechanism> {
    let token = output.len().saturating_sub(start);
    let incomplete = if first.is_some() { first_state(&exchange.mic) } else { NegState::ACCEPT_INCOMPLETE };
    if let Mechanism::Running(_) = exchange.mechanism {
        if token == 0 {
            return Err(Error::SilentMechanism);
        }
        respond(output, start, token, incomplete, first.as_ref())?;
        return Ok(Step::Continue(Acceptor::settled(exchange)));
    }
    if exchange.mic.is_received() {
        if !exchange.mic.is_sent() {
            exchange.send_mic(output)?;
            respond(output, start, token, NegState::ACCEPT_COMPLETED, first.as_ref())?;
        }
    } else if !exchange.mic.is_required() {
        respond(output, start, token, NegState::ACCEPT_COMPLETED, first.as_ref())?;
    } else if token > 0 || first.is_some() {
        // The initiator could not know yet that its mechanism would be done, so ours is the first MIC.
        exchange.send_mic(output)?;
        respond(output, start, token, incomplete, first.as_ref())?;
        return Ok(Step::Continue(Acceptor::settled(exchange)));
    } else {
        return Err(Error::MicMissing);
    }
    exchange.finish(Acceptor::settled)
}

fn first_state(mic: &MicExchange) -> NegState {
    if mic.is_asked() { NegState::REQUEST_MIC } else { NegState::ACCEPT_INCOMPLETE }
}

impl<L: Offers> fmt::Debug for Acceptor<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase: &dyn fmt::Debug = match &self.phase {
            Phase::Waiting { offers, .. } => &offers.as_slice(),
            Phase::Settled(_) => &"settled",
            Phase::Raw(_) => &"raw",
        };
        f.debug_tuple("Acceptor").field(phase).finish()
    }
}
