//! Channel bindings equal, different and absent under each policy.

use anyhow::{Context, Result};
use interop::conversation::negotiate;
use interop::endpoint::{Acceptor, CbPolicy, Framing, Initiator, State};

use super::{Party, Stage};

const CHANNEL: &[u8] = b"tls-server-end-point:the channel of both";
const OTHER: &[u8] = b"tls-server-end-point:another channel";

/// Initiator's bindings, acceptor's policy, and whether it accepts and then, whether bound.
type Case = (Option<&'static [u8]>, CbPolicy, Option<bool>);

const CASES: &[Case] = &[
    (Some(CHANNEL), CbPolicy::Verify, Some(true)),
    (Some(OTHER), CbPolicy::Verify, None),
    (None, CbPolicy::Verify, Some(false)),
    (Some(CHANNEL), CbPolicy::Require, Some(true)),
    (Some(OTHER), CbPolicy::Require, None),
    (None, CbPolicy::Require, None),
    (Some(CHANNEL), CbPolicy::Ignore, Some(false)),
    (Some(OTHER), CbPolicy::Ignore, Some(false)),
    (None, CbPolicy::Ignore, Some(false)),
];

#[test]
fn ours_to_ours() -> Result<()> {
    check(Party::Ours, Party::Ours)
}

#[test]
fn gss_ntlmssp_to_ours() -> Result<()> {
    check(Party::GssNtlmssp, Party::Ours)
}

#[test]
fn pyspnego_to_ours() -> Result<()> {
    check(Party::Pyspnego, Party::Ours)
}

#[test]
fn impacket_to_ours() -> Result<()> {
    check(Party::Impacket, Party::Ours)
}

#[test]
fn ours_to_gss_ntlmssp() -> Result<()> {
    check(Party::Ours, Party::GssNtlmssp)
}

#[test]
fn ours_to_pyspnego() -> Result<()> {
    check(Party::Ours, Party::Pyspnego)
}

fn check(initiator: Party, acceptor: Party) -> Result<()> {
    let stage = Stage::new()?;
    let (mut left, mut right) = (stage.start(initiator)?, stage.start(acceptor)?);
    // The others have one policy each: gss-ntlmssp verifies what comes, pyspnego wants some, and counts zeros for it.
    let known = |case: &&Case| match acceptor {
        Party::Ours => true,
        Party::Pyspnego => case.1 == CbPolicy::Verify && case.0.is_some(),
        _ => case.1 == CbPolicy::Verify,
    };
    for framing in [Framing::Raw, Framing::Spnego] {
        for &(sent, policy, expected) in CASES.iter().filter(known) {
            let case =
                || format!("{framing:?}, {policy:?}, initiator: {:?}", sent.map(String::from_utf8_lossy));
            let mut request = Initiator::ntlm(framing, &stage.user).flags(&["integ", "conf"]);
            if let Some(data) = sent {
                request = request.bound_to(data);
            }
            left.initiate(&request)?;
            let accept = Acceptor::ntlm(framing, stage.users()).bound_to(CHANNEL, policy);
            right.accept(&accept.allow("ntlm_without_mic"))?;
            let outcome = negotiate(&mut left, &mut right).with_context(case)?;
            let Some(bound) = expected else {
                let failure = outcome.acceptor_failure().with_context(case)?;
                if acceptor == Party::Ours {
                    assert_eq!(failure.major, "GSS_S_BAD_BINDINGS", "{}", case());
                }
                continue;
            };
            let step = outcome.acceptor.as_ref().with_context(case)?;
            assert_eq!(step.state, State::Established, "{}: {step:?}", case());
            if acceptor == Party::Ours {
                assert_eq!(step.channel_bound, Some(bound), "{}: {step:?}", case());
            }
        }
    }
    Ok(())
}
