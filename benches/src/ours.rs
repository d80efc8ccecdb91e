//! Our side of Kerberos, and of messages: the same operations as MIT's loops.

use crate::measure::{Cost, Run};
use alloc::sync::Arc;
use anyhow::{Result, anyhow, bail};
use core::hint::black_box;
use gss_core::{
    ContextFlags, Env, Handshake, Opener, Protection, Sealer, SecurityContext, Step, Timestamp, oid,
};
use gss_krb5::{Acceptor, AcceptorConfig, Context, Initiator, Presented, ServiceTicket};
use gss_spnego::Offer;
use rand_core::UnwrapErr;

use crate::world::World;

/// What MIT's side asks for: mutual authentication and everything that messages can have.
pub(crate) const FLAGS: ContextFlags = UNORDERED.with(ContextFlags::REPLAY).with(ContextFlags::SEQUENCE);

/// The same without sequence numbers being checked, so that one token can be opened again and again.
pub(crate) const UNORDERED: ContextFlags =
    ContextFlags::MUTUAL.with(ContextFlags::CONFIDENTIALITY).with(ContextFlags::INTEGRITY);

/// How many tokens are made before the clock runs.
const BATCH: u64 = 64;

/// Kerberos inside SPNEGO, or by itself.
pub(crate) trait Framing {
    /// As MIT's side calls it.
    const NAME: &'static str;
    type Initiator: Handshake<Established: Established>;
    type Acceptor<'c>: Handshake;

    fn wrap(initiator: Initiator<Arc<ServiceTicket>>) -> Self::Initiator;
    fn acceptor(config: &AcceptorConfig) -> Self::Acceptor<'_>;
}

/// An initiator's established context.
pub(crate) trait Established: SecurityContext {
    fn krb5(&self) -> &Context<Presented<Arc<ServiceTicket>>>;
}

impl Established for Context<Presented<Arc<ServiceTicket>>> {
    fn krb5(&self) -> &Context<Presented<Arc<ServiceTicket>>> {
        self
    }
}

impl Established for gss_spnego::Established<Context<Presented<Arc<ServiceTicket>>>> {
    fn krb5(&self) -> &Context<Presented<Arc<ServiceTicket>>> {
        self.context()
    }
}

pub(crate) struct Krb5;

impl Framing for Krb5 {
    const NAME: &'static str = "krb5";
    type Initiator = Initiator<Arc<ServiceTicket>>;
    type Acceptor<'c> = Acceptor<&'c AcceptorConfig>;

    fn wrap(initiator: Initiator<Arc<ServiceTicket>>) -> Self::Initiator {
        initiator
    }

    fn acceptor(config: &AcceptorConfig) -> Self::Acceptor<'_> {
        Acceptor::new(config)
    }
}

pub(crate) struct Spnego;

impl Framing for Spnego {
    const NAME: &'static str = "spnego";
    type Initiator = gss_spnego::Initiator<[Offer<Initiator<Arc<ServiceTicket>>>; 1]>;
    type Acceptor<'c> = gss_spnego::Acceptor<[Offer<Acceptor<&'c AcceptorConfig>>; 1]>;

    fn wrap(initiator: Initiator<Arc<ServiceTicket>>) -> Self::Initiator {
        gss_spnego::Initiator::new([Offer::new(oid::KRB5, initiator)])
    }

    fn acceptor(config: &AcceptorConfig) -> Self::Acceptor<'_> {
        gss_spnego::Acceptor::new([Offer::new(oid::KRB5, Acceptor::new(config))])
    }
}

/// An initiator that offers its ticket's enctype and no other.
fn initiator<F: Framing>(world: &World, flags: ContextFlags) -> F::Initiator {
    let initiator = Initiator::new(Arc::clone(&world.ticket)).flags(flags);
    F::wrap(initiator.offer_enctypes(&[world.enctype]).allow_weak_enctypes())
}

/// One step at the time that it is now, with randomness from the operating system.
pub(crate) fn step<H: Handshake>(
    state: H,
    input: &mut [u8],
    output: &mut Vec<u8>,
) -> Result<Step<H, H::Established>> {
    let mut rng = UnwrapErr(getrandom::SysRng);
    let mut env = Env::new(Timestamp::now(), &mut rng);
    state.step(input, output, &mut env).map_err(|error| anyhow!("our side: {error}"))
}

/// An initiator that waits for its answer, and its first token.
pub(crate) fn first_token<F: Framing>(world: &World, flags: ContextFlags) -> Result<(F::Initiator, Vec<u8>)> {
    let mut token = Vec::new();
    match step(initiator::<F>(world, flags), &mut [], &mut token)? {
        Step::Continue(next) => Ok((next, token)),
        Step::Done(_) => bail!("our initiator wants no answer"),
    }
}

/// First tokens of different contexts.
pub(crate) fn tokens<F: Framing>(world: &World, count: u64) -> Result<Vec<Vec<u8>>> {
    (0..count).map(|_| Ok(first_token::<F>(world, FLAGS)?.1)).collect()
}

pub(crate) fn accept_one<F: Framing>(
    config: &AcceptorConfig,
    token: &mut [u8],
    answer: &mut Vec<u8>,
) -> Result<()> {
    match step(F::acceptor(config), token, answer)? {
        Step::Continue(_) => bail!("our acceptor wants another token"),
        Step::Done(context) => {
            black_box(&context);
            Ok(())
        }
    }
}

/// Accepts these tokens round and round, which only an acceptor without a replay cache does.
pub(crate) fn accept<'a, F: Framing>(config: &'a AcceptorConfig, tokens: &'a [Vec<u8>]) -> Run<'a> {
    let (mut input, mut answer) = (Vec::new(), Vec::new());
    Box::new(move |count| {
        Cost::of(|| {
            for token in tokens.iter().cycle().take(usize::try_from(count)?) {
                input.clear();
                input.extend_from_slice(token);
                answer.clear();
                accept_one::<F>(config, &mut input, &mut answer)?;
            }
            Ok(())
        })
    })
}

/// Accepts tokens that were never seen before.
pub(crate) fn accept_fresh<'a, F: Framing>(config: &'a AcceptorConfig, world: &'a World) -> Run<'a> {
    let mut answer = Vec::new();
    Box::new(move |count| {
        in_batches(count, |size| {
            let mut tokens = tokens::<F>(world, size)?;
            Cost::of(|| {
                for token in &mut tokens {
                    answer.clear();
                    accept_one::<F>(config, token, &mut answer)?;
                }
                Ok(())
            })
        })
    })
}

/// Makes first tokens.
pub(crate) fn initiate<F: Framing>(world: &World) -> Run<'_> {
    let mut token = Vec::new();
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                token.clear();
                black_box(&step(initiator::<F>(world, FLAGS), &mut [], &mut token)?);
            }
            Ok(())
        })
    })
}

/// Takes an acceptor's answers.
pub(crate) fn finish<'a, F: Framing>(config: &'a AcceptorConfig, world: &'a World) -> Run<'a> {
    let mut output = Vec::new();
    Box::new(move |count| {
        in_batches(count, |size| {
            let mut waiting = Vec::new();
            for _ in 0..size {
                let (state, mut token) = first_token::<F>(world, FLAGS)?;
                let mut answer = Vec::new();
                accept_one::<F>(config, &mut token, &mut answer)?;
                waiting.push((state, answer));
            }
            let mut answers = Vec::new();
            let states: Vec<_> =
                waiting.into_iter().map(|(state, answer)| (state, answers.push(answer)).0).collect();
            Cost::of(|| {
                for (state, answer) in states.into_iter().zip(&mut answers) {
                    output.clear();
                    match step(state, answer, &mut output)? {
                        Step::Continue(_) => bail!("our initiator wants another token"),
                        Step::Done(context) => drop(black_box(context)),
                    }
                }
                Ok(())
            })
        })
    })
}

/// So many in batches of a size that what is prepared for one stays small.
pub(crate) fn in_batches(mut count: u64, mut batch: impl FnMut(u64) -> Result<Cost>) -> Result<Cost> {
    let mut cost = Cost::default();
    while count > 0 {
        let size = count.min(BATCH);
        cost += batch(size)?;
        count -= size;
    }
    Ok(cost)
}

/// Completes a handshake whose other side accepted the first token.
pub(crate) fn complete<I: Handshake>(state: I, answer: &mut [u8]) -> Result<I::Established> {
    let mut output = Vec::new();
    match step(state, answer, &mut output)? {
        Step::Continue(_) => bail!("our initiator wants another token"),
        Step::Done(context) if output.is_empty() => Ok(context),
        Step::Done(_) => bail!("our initiator has more to say"),
    }
}

/// `GSS_Wrap` into a buffer that is used again.
pub(crate) fn seal<'a>(sealer: &'a mut impl Sealer, message: &'a [u8]) -> Run<'a> {
    let mut rng = UnwrapErr(getrandom::SysRng);
    let mut token = Vec::new();
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                token.clear();
                sealer.wrap(Protection::Confidentiality, message, &mut token, &mut rng)?;
                black_box(&token);
            }
            Ok(())
        })
    })
}

/// The same where the message lies: the same buffer again and again, whatever is in it.
pub(crate) fn seal_in_place<'a>(sealer: &'a mut impl Sealer, message: &'a [u8]) -> Run<'a> {
    let mut rng = UnwrapErr(getrandom::SysRng);
    let overhead = sealer.overhead(Protection::Confidentiality, message.len());
    let mut buffer = vec![0; overhead.header + message.len() + overhead.trailer];
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                sealer.wrap_in_place(Protection::Confidentiality, &mut buffer, &mut rng)?;
                black_box(&buffer);
            }
            Ok(())
        })
    })
}

/// `GSS_Unwrap` of a copy, for opening changes the token.
pub(crate) fn open<'a>(opener: &'a mut impl Opener, token: &'a [u8]) -> Run<'a> {
    let mut buffer = token.to_vec();
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                buffer.copy_from_slice(token);
                black_box(&opener.unwrap(&mut buffer)?.message);
            }
            Ok(())
        })
    })
}

/// `GSS_GetMIC` into a buffer that is used again.
pub(crate) fn mic<'a>(sealer: &'a mut impl Sealer, message: &'a [u8]) -> Run<'a> {
    let mut mic = Vec::new();
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                mic.clear();
                sealer.get_mic(message, &mut mic)?;
                black_box(&mic);
            }
            Ok(())
        })
    })
}

/// `GSS_VerifyMIC`.
pub(crate) fn verify<'a>(opener: &'a mut impl Opener, message: &'a [u8], mic: &'a [u8]) -> Run<'a> {
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                let _ = black_box(opener.verify_mic(message, mic)?);
            }
            Ok(())
        })
    })
}
