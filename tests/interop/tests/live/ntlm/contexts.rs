//! Both roles, raw and SPNEGO, every kind of protection, then messages both ways.

use anyhow::{Context, Result, ensure};
use interop::conversation::establish;
use interop::endpoint::{Acceptor, Framing, Initiator};

use super::{Party, Stage, messages};

const FRAMINGS: &[Framing] = &[Framing::Raw, Framing::Spnego];
const EMPTY_TOO: &[usize] = &[0, 1, 15, 16, 17, 65536];
const NOT_EMPTY: &[usize] = &[1, 15, 16, 17, 65536];

#[test]
fn ours_to_ours() -> Result<()> {
    initiator_of_ours(Party::Ours, EMPTY_TOO)
}

#[test]
fn ours_to_gss_ntlmssp() -> Result<()> {
    initiator_of_ours(Party::GssNtlmssp, NOT_EMPTY)
}

#[test]
fn ours_to_pyspnego() -> Result<()> {
    initiator_of_ours(Party::Pyspnego, EMPTY_TOO)
}

fn initiator_of_ours(acceptor: Party, sizes: &[usize]) -> Result<()> {
    let stage = Stage::new()?;
    matrix(&stage, Party::Ours, acceptor, &[], &[], sizes)
}

/// Raw, gss-ntlmssp makes no MIC.
#[test]
fn gss_ntlmssp_to_ours() -> Result<()> {
    matrix(&Stage::new()?, Party::GssNtlmssp, Party::Ours, &[], &[Framing::Raw], NOT_EMPTY)
}

/// Without flags, pyspnego negotiates a key exchange and sends no key.
#[test]
fn pyspnego_to_ours() -> Result<()> {
    matrix(&Stage::new()?, Party::Pyspnego, Party::Ours, &[], &[], EMPTY_TOO)
}

/// impacket's usual clients: neither VERSION nor MIC.
#[test]
fn impacket_to_ours() -> Result<()> {
    matrix(&Stage::new()?, Party::Impacket, Party::Ours, &[], FRAMINGS, EMPTY_TOO)
}

/// impacket's clients of LDAP and MSSQL: a MIC that nothing announces, which we therefore do not count.
#[test]
fn impacket_with_mic_to_ours() -> Result<()> {
    matrix(&Stage::new()?, Party::Impacket, Party::Ours, &["version"], FRAMINGS, EMPTY_TOO)
}

#[test]
fn ntlm_auth_and_ours() -> Result<()> {
    let stage = Stage::with_samba()?;
    matrix(&stage, Party::Ours, Party::NtlmAuth, &[], &[], &[])?;
    matrix(&stage, Party::NtlmAuth, Party::Ours, &[], &[], &[])
}

/// Every framing and protection. `without_mic` lists the framings in which the initiator makes no MIC.
fn matrix(
    stage: &Stage,
    initiator: Party,
    acceptor: Party,
    extra: &[&'static str],
    without_mic: &[Framing],
    sizes: &[usize],
) -> Result<()> {
    let (mut left, mut right) = (stage.start(initiator)?, stage.start(acceptor)?);
    for &framing in FRAMINGS {
        for flags in [&[][..], &["integ"], &["integ", "conf"]] {
            if flags.is_empty() && initiator == Party::Pyspnego {
                continue;
            }
            let flags = [flags, extra].concat();
            let case = || format!("{framing:?}, {flags:?}");
            left.initiate(&Initiator::ntlm(framing, &stage.user).flags(&flags))?;
            let accept = Acceptor::ntlm(framing, stage.users());
            right.accept(&match without_mic.contains(&framing) {
                true => accept.allow("ntlm_without_mic"),
                false => accept,
            })?;
            let (initiated, accepted, _) = establish(&mut left, &mut right).with_context(case)?;
            assert_eq!(accepted.peer.as_deref(), Some(stage.user.full_name().as_str()), "{}", case());
            for step in [&initiated, &accepted] {
                assert_eq!(step.mech.as_deref(), Some("ntlm"), "{}", case());
                assert_eq!(step.has_flag("conf"), flags.contains(&"conf"), "{}: {step:?}", case());
                ensure!(step.has_flag("integ") || !flags.contains(&"integ"), "{}: {step:?}", case());
            }
            assert_eq!(left.session_key()?, right.session_key()?, "{}", case());
            if initiated.has_flag("conf") {
                messages(&mut left, &mut right, sizes, &[true]).with_context(case)?;
            } else if accepted.has_flag("integ") {
                // Without SEAL negotiated, gss-ntlmssp and pyspnego seal all the same, and open nothing else.
                messages(&mut left, &mut right, sizes, &[true]).with_context(case)?;
            }
        }
    }
    Ok(())
}
