//! What has to be allowed by name, and the form for datagrams.

use anyhow::{Context, Result, ensure};
use interop::conversation::{establish, negotiate};
use interop::endpoint::{Acceptor, Endpoint, Framing, Initiator, State, Step, User};
use interop::ldap::Client;

use super::{Party, Stage, messages};

const SEALED: &[&str] = &["integ", "conf"];
const SIZES: &[usize] = &[1, 15, 16, 17, 65536];

/// What a name lets in.
struct Allowance {
    name: &'static str,
    request: fn(&User) -> Initiator,
    /// The refusal without it.
    code: &'static str,
}

/// Every name that our acceptor of NTLM knows.
const ALLOWANCES: &[Allowance] = &[
    Allowance {
        name: "ntlm_without_mic",
        request: |user| Initiator::ntlm(Framing::Raw, user).flags(SEALED),
        code: "ntlm_mic_missing",
    },
    Allowance {
        name: "anonymous",
        request: |_| Initiator::ntlm_anonymous(Framing::Raw).flags(&[]),
        code: "ntlm_anonymous",
    },
    Allowance {
        name: "keys_56_bit",
        request: |user| Initiator::ntlm(Framing::Raw, user).flags(&["integ", "conf", "keys_56"]),
        code: "ntlm_short_keys",
    },
];

#[test]
fn each_allowance_lets_in_what_its_name_says() -> Result<()> {
    let stage = Stage::new()?;
    let (mut left, mut right) = (stage.start(Party::Impacket)?, stage.start(Party::Ours)?);
    for &Allowance { name, request, code } in ALLOWANCES {
        let everything = ALLOWANCES.iter().map(|allowance| allowance.name);
        let all_but = |left_out: &str| {
            let allowed = everything.clone().filter(move |name| *name != left_out);
            allowed.fold(Acceptor::ntlm(Framing::Raw, stage.users()), Acceptor::allow)
        };
        left.initiate(&request(&stage.user))?;
        right.accept(&all_but(""))?;
        let (_, accepted, _) = establish(&mut left, &mut right).with_context(|| name.to_owned())?;
        assert_eq!(accepted.has_flag("anon"), name == "anonymous", "{name}: {accepted:?}");
        assert_eq!(accepted.peer.is_none(), name == "anonymous", "{name}: {accepted:?}");

        left.initiate(&request(&stage.user))?;
        right.accept(&all_but(name))?;
        let outcome = negotiate(&mut left, &mut right)?;
        assert_eq!(outcome.acceptor_failure().with_context(|| name.to_owned())?.code, code, "{name}");
    }
    Ok(())
}

/// Seven bytes of the key seal, and both sides take the same ones.
#[test]
fn impacket_with_56_bits_to_ours() -> Result<()> {
    let stage = Stage::new()?;
    let (mut left, mut right) = (stage.start(Party::Impacket)?, stage.start(Party::Ours)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        left.initiate(&Initiator::ntlm(framing, &stage.user).flags(&["integ", "conf", "keys_56"]))?;
        let acceptor = Acceptor::ntlm(framing, stage.users()).allow("ntlm_without_mic").allow("keys_56_bit");
        right.accept(&acceptor)?;
        establish(&mut left, &mut right).with_context(|| format!("{framing:?}"))?;
        messages(&mut left, &mut right, SIZES, &[true]).with_context(|| format!("{framing:?}"))?;
    }
    Ok(())
}

/// Settling for less takes nothing away from peers that have more.
#[test]
fn ours_with_56_bits_allowed_to_gss_ntlmssp() -> Result<()> {
    let stage = Stage::new()?;
    let (mut left, mut right) = (stage.start(Party::Ours)?, stage.start(Party::GssNtlmssp)?);
    left.initiate(&Initiator::ntlm(Framing::Raw, &stage.user).flags(SEALED).allow("keys_56_bit"))?;
    right.accept(&Acceptor::ntlm(Framing::Raw, stage.users()))?;
    establish(&mut left, &mut right)?;
    messages(&mut left, &mut right, SIZES, &[true])
}

#[test]
fn impacket_as_nobody_to_ours() -> Result<()> {
    anonymous(Party::Impacket, Party::Ours)
}

#[test]
fn ours_as_nobody_to_ours() -> Result<()> {
    anonymous(Party::Ours, Party::Ours)
}

fn anonymous(initiator: Party, acceptor: Party) -> Result<()> {
    let stage = Stage::new()?;
    let (mut left, mut right) = (stage.start(initiator)?, stage.start(acceptor)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        left.initiate(&Initiator::ntlm_anonymous(framing).flags(&[]).allow("anonymous"))?;
        right.accept(&Acceptor::ntlm(framing, stage.users()).allow("anonymous"))?;
        let (_, accepted, _) = establish(&mut left, &mut right).with_context(|| format!("{framing:?}"))?;
        assert_eq!(accepted.peer, None, "nobody has a name: {accepted:?}");
        assert!(accepted.has_flag("anon"), "{accepted:?}");
        assert!(!accepted.has_flag("integ") && !accepted.has_flag("conf"), "no key: {accepted:?}");
        right.session_key().expect_err("nobody has a key");
    }
    Ok(())
}

/// Samba lets nobody log on (a refused logon would be invalidCredentials), and its directory then insists on signatures,
/// for which nobody has a key. Its `ntlm_auth` has no answer for nobody.
#[test]
fn ours_as_nobody_to_samba() -> Result<()> {
    let stage = Stage::with_samba()?;
    let mut left = stage.start(Party::Ours)?;
    left.initiate(&Initiator::ntlm_anonymous(Framing::Spnego).flags(&[]).allow("anonymous").to("ldap@dc1"))?;
    let bound = Client::connect(stage.controller()?.ldap())?.bind(&mut left)?;
    // RFC 4511 section 4.1.9: strongerAuthRequired
    assert_eq!(bound.result, 8, "{bound:?}");
    assert_eq!(bound.message, "SASL:[GSS-SPNEGO]: Sign or Seal are required.");
    Ok(())
}

/// Without a connection the server speaks first. gss-ntlmssp counts no datagrams and seals with a key stream that it begins
/// anew after each and not before it, so that no two implementations read each other's; MICs of number 0 are right. Its
/// acceptor cannot be reached: MIT's library asks no mechanism before a token has come.
#[test]
fn gss_ntlmssp_signs_a_datagram_to_ours() -> Result<()> {
    let (mut left, mut right) = datagrams(&Stage::new()?, Party::GssNtlmssp)?;
    let message = b"signed";
    assert_eq!(right.verify_mic(message, &left.mic(message)?)?, "ok");
    assert_eq!(left.verify_mic(message, &right.mic(message)?)?, "ok");
    Ok(())
}

#[test]
fn ours_sends_datagrams_to_ours() -> Result<()> {
    let (mut left, mut right) = datagrams(&Stage::new()?, Party::Ours)?;
    messages(&mut left, &mut right, SIZES, &[true])?;
    late_and_lost(&mut left, &mut right)
}

fn datagrams(stage: &Stage, initiator: Party) -> Result<(Endpoint, Endpoint)> {
    let (mut left, mut right) = (stage.start(initiator)?, stage.start(Party::Ours)?);
    left.initiate(&Initiator::ntlm(Framing::Raw, &stage.user).flags(SEALED).datagram())?;
    let acceptor = Acceptor::ntlm(Framing::Raw, stage.users()).datagram();
    // gss-ntlmssp makes no MIC where there is no SPNEGO.
    right.accept(&if initiator == Party::Ours { acceptor } else { acceptor.allow("ntlm_without_mic") })?;
    let first = left.step(b"")?;
    ensure!(first.state == State::Continue && first.token()?.is_none(), "{first:?}");
    let challenge = right.step(b"")?;
    let answered = left.step(&token_of(&challenge)?)?;
    let accepted = right.step(&token_of(&answered)?)?;
    for step in [&answered, &accepted] {
        assert_eq!(step.state, State::Established, "{step:?}");
    }
    assert_eq!(accepted.peer.as_deref(), Some(stage.user.full_name().as_str()));
    assert_eq!(left.session_key()?, right.session_key()?);
    Ok((left, right))
}

/// Of three messages the last comes first, and one never.
fn late_and_lost(left: &mut Endpoint, right: &mut Endpoint) -> Result<()> {
    let tokens = [b"one", b"two", b"tri"].map(|message| left.wrap(message, true));
    let [one, _lost, three] = tokens;
    let three = right.unwrap(&three?)?;
    assert_eq!(three.data.as_deref(), Some(&b"tri"[..]), "{three:?}");
    let one = right.unwrap(&one?)?;
    assert_eq!(one.data.as_deref(), Some(&b"one"[..]), "{one:?}");
    Ok(())
}

fn token_of(step: &Step) -> Result<Vec<u8>> {
    step.token()?.with_context(|| format!("no token: {step:?}"))
}
