//! What must fail, and with which error.

use anyhow::{Context, Result};
use interop::conversation::negotiate;
use interop::endpoint::{Acceptor, Framing, Initiator, State, User};

use super::{Party, Stage};

const FRAMINGS: &[Framing] = &[Framing::Raw, Framing::Spnego];
const CLIENTS: &[Party] = &[Party::Ours, Party::GssNtlmssp, Party::Pyspnego, Party::Impacket];

/// Our acceptor does not tell a wrong password from an unknown user.
#[test]
fn wrong_password_and_unknown_user_look_alike_at_ours() -> Result<()> {
    let stage = Stage::new()?;
    let mut acceptor = stage.start(Party::Ours)?;
    for &client in CLIENTS {
        let mut initiator = stage.start(client)?;
        for &framing in FRAMINGS {
            let mut seen = Vec::new();
            for wrong in wrong_users(&stage.user) {
                initiator.initiate(&Initiator::ntlm(framing, &wrong))?;
                acceptor.accept(&Acceptor::ntlm(framing, stage.users()).allow("ntlm_without_mic"))?;
                let outcome = negotiate(&mut initiator, &mut acceptor)?;
                let failure =
                    outcome.acceptor_failure().with_context(|| format!("{client:?}, {framing:?}"))?;
                seen.push((failure.major.clone(), failure.code.clone(), failure.message.clone()));
            }
            assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{client:?}, {framing:?}: {seen:?}");
        }
    }
    Ok(())
}

#[test]
fn wrong_password_and_unknown_user_are_refused_by_others() -> Result<()> {
    let stage = Stage::with_samba()?;
    let mut initiator = stage.start(Party::Ours)?;
    for server in [Party::GssNtlmssp, Party::Pyspnego, Party::NtlmAuth] {
        let mut acceptor = stage.start(server)?;
        for &framing in FRAMINGS {
            for wrong in wrong_users(&stage.user) {
                initiator.initiate(&Initiator::ntlm(framing, &wrong))?;
                acceptor.accept(&Acceptor::ntlm(framing, stage.users()))?;
                let outcome = negotiate(&mut initiator, &mut acceptor)?;
                outcome.acceptor_failure().with_context(|| format!("{server:?}, {framing:?}, {wrong:?}"))?;
                let last = &outcome.initiator;
                assert!(framing == Framing::Raw || last.state != State::Established, "{server:?}: {last:?}");
            }
        }
    }
    Ok(())
}

fn wrong_users(user: &User) -> [User; 3] {
    [
        User { password: Some("Another horse 9".into()), ..user.clone() },
        User { user: "nobody".into(), ..user.clone() },
        User { domain: "ELSEWHERE".into(), ..user.clone() },
    ]
}

/// Who makes no MIC is let in only where that is allowed.
#[test]
fn clients_without_mic_are_refused_by_ours() -> Result<()> {
    let stage = Stage::new()?;
    let mut acceptor = stage.start(Party::Ours)?;
    for (client, framing, flags) in [
        (Party::GssNtlmssp, Framing::Raw, &["integ"][..]),
        (Party::Impacket, Framing::Raw, &["integ", "conf"]),
        (Party::Impacket, Framing::Spnego, &["integ", "conf"]),
        (Party::Impacket, Framing::Raw, &["integ", "conf", "version"]),
        (Party::Impacket, Framing::Spnego, &["integ", "conf", "version"]),
    ] {
        let mut initiator = stage.start(client)?;
        initiator.initiate(&Initiator::ntlm(framing, &stage.user).flags(flags))?;
        acceptor.accept(&Acceptor::ntlm(framing, stage.users()))?;
        let outcome = negotiate(&mut initiator, &mut acceptor)?;
        let failure =
            outcome.acceptor_failure().with_context(|| format!("{client:?}, {framing:?}, {flags:?}"))?;
        assert_eq!(failure.code, "ntlm_mic_missing", "{client:?}, {framing:?}, {flags:?}");
    }
    Ok(())
}
