//! NTLM: our side, and the cases that it is measured in next to crate sspi.

mod cases;
mod joined;
mod parts;

pub(crate) use cases::run;

use crate::instructions::message;
use crate::measure::{Cost, Run};
use crate::ours::{self, in_batches, step};
use anyhow::{Result, bail};
use core::hint::black_box;
use gss_core::{Opener as _, Protection, Role, Sealer as _, Step};
use gss_ntlm::message::{Opener, Parameters, Sealer, halves};
use gss_ntlm::wire::NegotiateFlags;
use gss_ntlm::{
    Accepted, Acceptor, AcceptorConfig, Context, HeldLogon, Initiator, LoggedOn, Logon, MemoryUsers, NtHash,
    ServerNames, SessionKey,
};
use rand_core::UnwrapErr;

const USER: &str = "alice";
const DOMAIN: &str = "EXAMPLE";
const PASSWORD: &str = "correct horse battery staple";

/// What both sides agree on by default.
const FLAGS: NegotiateFlags = NegotiateFlags::SIGN
    .with(NegotiateFlags::SEAL)
    .with(NegotiateFlags::EXTENDED_SESSION_SECURITY)
    .with(NegotiateFlags::KEY_128)
    .with(NegotiateFlags::KEY_EXCHANGE);

/// A server that knows so many users, among them ours.
fn server(users: usize) -> AcceptorConfig {
    let mut known = MemoryUsers::new();
    known.add(USER, DOMAIN, PASSWORD);
    for index in 1..users {
        let hash = NtHash::from_bytes((index as u128).to_le_bytes());
        known.add_nt_hash(&format!("user{index}"), DOMAIN, hash);
    }
    AcceptorConfig::new(ServerNames::new("SERVER"), known)
}

/// A logon whose password is hashed here. Names of workstations and services are left out, since sspi sends none.
fn logon() -> Logon {
    Logon::with_password(USER, DOMAIN, PASSWORD)
}

/// NEGOTIATE, and the state that waits for the challenge.
fn negotiate<L: HeldLogon>(logon: L, output: &mut Vec<u8>) -> Result<Initiator<L>> {
    match step(Initiator::new(logon), &mut [], output)? {
        Step::Continue(next) => Ok(next),
        Step::Done(_) => bail!("our initiator wants no challenge"),
    }
}

/// The answer to a challenge.
fn authenticate<L: HeldLogon>(
    state: Initiator<L>,
    challenge: &mut [u8],
    output: &mut Vec<u8>,
) -> Result<Context<LoggedOn<L>>> {
    match step(state, challenge, output)? {
        Step::Continue(_) => bail!("our initiator wants another token"),
        Step::Done(context) => Ok(context),
    }
}

fn challenge<'c>(
    config: &'c AcceptorConfig,
    negotiate: &mut [u8],
    output: &mut Vec<u8>,
) -> Result<Acceptor<&'c AcceptorConfig>> {
    match step(Acceptor::new(config), negotiate, output)? {
        Step::Continue(next) => Ok(next),
        Step::Done(_) => bail!("our acceptor wants no answer"),
    }
}

fn check(state: Acceptor<&AcceptorConfig>, authenticate: &mut [u8]) -> Result<Context<Accepted>> {
    match step(state, authenticate, &mut Vec::new())? {
        Step::Continue(_) => bail!("our acceptor wants another token"),
        Step::Done(context) => Ok(context),
    }
}

/// Makes NEGOTIATEs and answers the same challenge again and again, each time with what `logon` gives.
fn initiate<'a, L: HeldLogon>(challenge: &[u8], logon: impl Fn() -> L + 'a) -> Run<'a> {
    let (mut input, mut output) = (challenge.to_vec(), Vec::new());
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                output.clear();
                let state = negotiate(logon(), &mut output)?;
                output.clear();
                drop(black_box(authenticate(state, &mut input, &mut output)?));
            }
            Ok(())
        })
    })
}

/// Challenges clients and checks their answers. The clients' own work is not counted.
fn accept<'a>(config: &'a AcceptorConfig, logon: &'a Logon) -> Run<'a> {
    Box::new(move |count| {
        in_batches(count, |size| {
            let (mut clients, mut negotiates) = (Vec::new(), Vec::new());
            for _ in 0..size {
                let mut token = Vec::new();
                clients.push(negotiate(logon, &mut token)?);
                negotiates.push(token);
            }
            let mut servers = Vec::with_capacity(negotiates.len());
            let mut challenges: Vec<_> = negotiates.iter().map(|_| Vec::with_capacity(512)).collect();
            let mut cost = Cost::of(|| {
                for (token, answer) in negotiates.iter_mut().zip(&mut challenges) {
                    servers.push(challenge(config, token, answer)?);
                }
                Ok(())
            })?;
            let mut answers = Vec::new();
            for (client, token) in clients.into_iter().zip(&mut challenges) {
                let mut answer = Vec::new();
                drop(authenticate(client, token, &mut answer)?);
                answers.push(answer);
            }
            cost += Cost::of(|| {
                for (server, answer) in servers.into_iter().zip(&mut answers) {
                    drop(black_box(check(server, answer)?));
                }
                Ok(())
            })?;
            Ok(cost)
        })
    })
}

/// The client's sealing half and the server's opening half of one context.
fn ends() -> Result<(Sealer, Opener)> {
    let key = SessionKey::from_bytes([0x5a; 16]);
    let end = |role| halves(&Parameters { role, key: &key, flags: FLAGS });
    Ok((end(Role::Initiator)?.0, end(Role::Acceptor)?.1))
}

/// Opens tokens where they lie, each once, as the key stream demands. Sealing them is not counted.
fn open(message: &[u8]) -> Result<Run<'_>> {
    let (mut sealer, mut opener) = ends()?;
    let mut rng = UnwrapErr(getrandom::SysRng);
    Ok(Box::new(move |count| {
        in_batches(count, |size| {
            let mut tokens = Vec::new();
            for _ in 0..size {
                let mut token = Vec::new();
                sealer.wrap(Protection::Confidentiality, message, &mut token, &mut rng)?;
                tokens.push(token);
            }
            Cost::of(|| {
                for token in &mut tokens {
                    black_box(&opener.unwrap(token)?.message);
                }
                Ok(())
            })
        })
    }))
}

/// What callgrind watches: `name` says what, `count` how often. The client's part of `accept` and the sealing that
/// comes before `open` are counted as well there.
pub(crate) fn run_scenario(name: &str, count: u64) -> Result<()> {
    let (config, logon, message) = (server(1), logon(), message(name));
    let (mut first, mut answer) = (Vec::new(), Vec::new());
    negotiate(&logon, &mut first)?;
    challenge(&config, &mut first, &mut answer)?;
    let (mut sealer, _) = ends()?;
    let mut run: Run<'_> = match name.split(' ').next() {
        Some("initiate") => initiate(&answer, || &logon),
        Some("accept") => accept(&config, &logon),
        Some("seal") => ours::seal_in_place(&mut sealer, &message),
        Some("open") => open(&message)?,
        Some("MIC") => ours::mic(&mut sealer, &message),
        _ => bail!("no scenario {name:?}"),
    };
    run(count).map(drop)
}
