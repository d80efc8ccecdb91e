//! Peers against each other.
//!
//! Pairs that are left out do not understand each other: pyspnego encodes the client's blob again before it hashes it,
//! and so refuses the one that impacket and Samba end without four zero bytes; pyspnego without flags negotiates a key
//! exchange and sends no key, which gss-ntlmssp and Samba refuse.

use anyhow::{Context, Result, ensure};
use interop::conversation::{establish, negotiate};
use interop::curl::{self, Fetched};
use interop::endpoint::{Acceptor, Endpoint, Framing, Initiator, State, User};
use interop::ldap::{Client, Protection};
use interop::origin::{self, Role};
use interop::realm::{Realm, RealmOptions};
use interop::{python, samba};

use super::{Party, Stage, messages};

const FRAMINGS: &[Framing] = &[Framing::Raw, Framing::Spnego];
const SECURED: &[&[&str]] = &[&["integ"], &["integ", "conf"]];
const SIZES: &[usize] = &[1, 15, 16, 17, 65536];

#[test]
fn gss_ntlmssp_to_gss_ntlmssp() -> Result<()> {
    pair(Party::GssNtlmssp, Party::GssNtlmssp, &[])
}

#[test]
fn gss_ntlmssp_to_pyspnego() -> Result<()> {
    pair(Party::GssNtlmssp, Party::Pyspnego, &[])
}

#[test]
fn pyspnego_to_gss_ntlmssp() -> Result<()> {
    pair(Party::Pyspnego, Party::GssNtlmssp, &[])
}

#[test]
fn pyspnego_to_pyspnego() -> Result<()> {
    pair(Party::Pyspnego, Party::Pyspnego, &[])
}

/// gss-ntlmssp reads no NEGOTIATE without VERSION.
#[test]
fn impacket_to_gss_ntlmssp() -> Result<()> {
    pair(Party::Impacket, Party::GssNtlmssp, &["version"])
}

fn pair(initiator: Party, acceptor: Party, extra: &[&'static str]) -> Result<()> {
    let stage = Stage::new()?;
    let (mut left, mut right) = (stage.start(initiator)?, stage.start(acceptor)?);
    for &framing in FRAMINGS {
        for flags in SECURED {
            let flags = [flags, extra].concat();
            let case = || format!("{framing:?}, {flags:?}");
            login(&stage, &mut left, &mut right, framing, &flags).with_context(case)?;
            messages(&mut left, &mut right, SIZES, &[true]).with_context(case)?;
        }
    }
    Ok(())
}

/// A login whose both sides have the same key.
fn login(
    stage: &Stage,
    initiator: &mut Endpoint,
    acceptor: &mut Endpoint,
    framing: Framing,
    flags: &[&'static str],
) -> Result<()> {
    initiator.initiate(&Initiator::ntlm(framing, &stage.user).flags(flags))?;
    acceptor.accept(&Acceptor::ntlm(framing, stage.users()))?;
    let (initiated, accepted, _) = establish(initiator, acceptor)?;
    assert_eq!(accepted.peer.as_deref(), Some(stage.user.full_name().as_str()));
    for step in [&initiated, &accepted] {
        assert_eq!(step.mech.as_deref(), Some("ntlm"));
        for flag in ["integ", "conf"] {
            // `ntlm_auth` signs unasked.
            ensure!(step.has_flag(flag) || !flags.contains(&flag), "{flag} of {flags:?}: {step:?}");
        }
    }
    assert_eq!(initiator.session_key()?, acceptor.session_key()?);
    Ok(())
}

/// `ntlm_auth` as client and server, the domain controller behind it.
#[test]
fn ntlm_auth() -> Result<()> {
    let stage = Stage::with_samba()?;
    let mut acceptor = stage.start(Party::NtlmAuth)?;
    for initiator in [Party::NtlmAuth, Party::GssNtlmssp, Party::Pyspnego, Party::Impacket] {
        let mut left = stage.start(initiator)?;
        for &framing in FRAMINGS {
            for flags in SECURED {
                login(&stage, &mut left, &mut acceptor, framing, flags)
                    .with_context(|| format!("{initiator:?}, {framing:?}, {flags:?}"))?;
            }
            for wrong in [
                User::new(samba::DOMAIN, "alice", "Another horse 9"),
                User::new(samba::DOMAIN, "nobody", "Correct horse 9 battery"),
            ] {
                left.initiate(&Initiator::ntlm(framing, &wrong))?;
                acceptor.accept(&Acceptor::ntlm(framing, &[]))?;
                let outcome = negotiate(&mut left, &mut acceptor)?;
                assert_eq!(outcome.acceptor_failure()?.message, "NT_STATUS_LOGON_FAILURE", "{initiator:?}");
            }
        }
    }
    let mut client = stage.start(Party::NtlmAuth)?;
    let mut server = stage.start(Party::GssNtlmssp)?;
    FRAMINGS
        .iter()
        .try_for_each(|&framing| login(&stage, &mut client, &mut server, framing, &["integ", "conf"]))
}

/// A search in the domain controller's directory, signed and sealed.
#[test]
fn samba_directory() -> Result<()> {
    let stage = Stage::with_samba()?;
    for party in [Party::GssNtlmssp, Party::Pyspnego] {
        let mut initiator = stage.start(party)?;
        for (flags, protection) in [(SECURED[0], Protection::Signed), (SECURED[1], Protection::Sealed)] {
            let request = Initiator::ntlm(Framing::Spnego, &stage.user).flags(flags).to("ldap@dc1");
            initiator.initiate(&request)?;
            let mut client = Client::connect(stage.controller()?.ldap())?;
            let bound = client.bind(&mut initiator)?;
            ensure!(bound.result == 0 && bound.step.state == State::Established, "{party:?}: {bound:?}");
            let name = client.read(&mut initiator, protection, samba::BASE, "name")?;
            assert_eq!(name.as_deref(), Some(&b"samba"[..]), "{party:?}, {protection:?}");
            let none = client.read(&mut initiator, protection, samba::BASE, "mail")?;
            assert_eq!(none, None, "a second message, {party:?}, {protection:?}");
        }
        let wrong = User { password: Some("Another horse 9".into()), ..stage.user.clone() };
        initiator.initiate(&Initiator::ntlm(Framing::Spnego, &wrong).to("ldap@dc1"))?;
        let bound = Client::connect(stage.controller()?.ldap())?.bind(&mut initiator)?;
        // RFC 4511 section 4.1.9: invalidCredentials
        assert_eq!(bound.result, 49, "{party:?}: {bound:?}");
    }
    Ok(())
}

/// curl's own NTLM, towards a server and a proxy, and gss-ntlmssp's inside curl's Negotiate.
#[test]
fn curl_to_pyspnego() -> Result<()> {
    let stage = Stage::new()?;
    let (site, user) = (&stage.site, &stage.user);
    let mut acceptor = stage.start(Party::Pyspnego)?;
    let mut check = |framing, scheme, role, client: &(dyn Fn(&str) -> Result<Fetched> + Sync)| {
        acceptor.accept(&Acceptor::ntlm(framing, stage.users()))?;
        let (fetched, served) = origin::serve(&mut acceptor, scheme, role, |url| client(url))?;
        ensure!(fetched.last()?.status == 200 && fetched.body == user.full_name(), "{fetched:?}, {served:?}");
        assert_eq!(served.connections, 1, "all of it on one connection: {served:?}");
        Ok(served)
    };
    let served = check(Framing::Raw, "NTLM", Role::Server, &|url| curl::ntlm(site, user, &[url]))?;
    assert_eq!(served.tokens[0].len(), 32, "neither names nor VERSION: {served:?}");
    check(Framing::Raw, "NTLM", Role::Proxy, &|url| {
        curl::proxy_ntlm(site, user, url, &["http://page.test/"])
    })?;
    let served =
        check(Framing::Spnego, "Negotiate", Role::Server, &|url| curl::negotiate_as(site, user, &[url]))?;
    assert_eq!(served.tokens[0][0], 0x60, "SPNEGO, not raw: {served:?}");

    acceptor.accept(&Acceptor::ntlm(Framing::Raw, stage.users()))?;
    let wrong = User::new(samba::DOMAIN, "alice", "another horse");
    let (fetched, served) =
        origin::serve(&mut acceptor, "NTLM", Role::Server, |url| curl::ntlm(site, &wrong, &[url]))?;
    assert_eq!(fetched.last()?.status, 401, "{fetched:?}");
    assert_eq!(served.step.map(|step| step.state), Some(State::Failed));
    Ok(())
}

/// The initiator lists Kerberos first, the acceptor has NTLM alone: SPNEGO turns to the second mechanism.
#[test]
fn reselection() -> Result<()> {
    let mut realm = Realm::start(&RealmOptions::default())?;
    realm.add_ntlm()?;
    let ccache = realm.login()?;
    let user = User::new(samba::DOMAIN, "alice", "Correct horse 9 battery");
    let (mut left, mut right) = (python::start(&realm)?, python::start(&realm)?);
    left.initiate(&Initiator::krb5_or_ntlm(&ccache, &user).flags(&["integ", "conf"]))?;
    right.accept(&Acceptor::ntlm(Framing::Spnego, core::slice::from_ref(&user)))?;
    let (_, accepted, outcome) = establish(&mut left, &mut right)?;
    assert_eq!(accepted.peer.as_deref(), Some(user.full_name().as_str()));
    ensure!(outcome.tokens.len() > 3, "the first token was for Kerberos: {outcome:?}");
    messages(&mut left, &mut right, SIZES, &[true])
}
