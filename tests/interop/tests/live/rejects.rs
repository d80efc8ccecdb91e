//! What must fail, on which side, and with which error.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use interop::conversation::{Outcome, negotiate};
use interop::enctype::Enctype;
use interop::endpoint::{Acceptor, Failure, Framing, Initiator, State};
use interop::realm::{Realm, RealmOptions};
use interop::text::unix_now;

use crate::{Who, pairs};

pairs!(wrong_key => wrong_key_is_refused);
pairs!(old_key => ticket_for_a_newer_key_is_refused);
pairs!(other_service => ticket_for_another_service_is_refused);
pairs!(twice => replay_is_refused);

const HOUR: i64 = 3600;

/// Error codes of RFC 4120 section 7.5.9.
mod krb_error {
    pub(super) const BAD_INTEGRITY: i32 = 31;
    pub(super) const TKT_EXPIRED: i32 = 32;
    pub(super) const TKT_NYV: i32 = 33;
    pub(super) const REPEAT: i32 = 34;
    pub(super) const NOT_US: i32 = 35;
    pub(super) const SKEW: i32 = 37;
    pub(super) const MODIFIED: i32 = 41;
    pub(super) const BADKEYVER: i32 = 44;
    pub(super) const NOKEY: i32 = 45;
}

fn wrong_key_is_refused(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let keytab = realm.keytab_with_wrong_keys()?;
    let outcomes = both_framings(&realm, initiator, acceptor, &keytab)?;
    refused_with(&outcomes, acceptor, &[krb_error::BAD_INTEGRITY, krb_error::MODIFIED])
}

fn ticket_for_a_newer_key_is_refused(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    realm.change_service_key()?;
    let outcomes = both_framings(&realm, initiator, acceptor, realm.keytab())?;
    refused_with(&outcomes, acceptor, &[krb_error::BADKEYVER])
}

fn ticket_for_another_service_is_refused(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let keytab = realm.keytab_of_host()?;
    let outcomes = both_framings(&realm, initiator, acceptor, &keytab)?;
    refused_with(&outcomes, acceptor, &[krb_error::NOT_US, krb_error::NOKEY])
}

fn replay_is_refused(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let (mut left, mut right) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        let request = Acceptor { replay_cache: Some(true), ..Acceptor::new(framing, realm.keytab()) };
        left.initiate(&Initiator::new(framing, &ccache).flag("mutual"))?;
        let token = left.step(b"")?.token()?.context("the first token")?;
        right.accept(&request)?;
        assert_eq!(right.step(&token)?.state, State::Established, "{framing:?}");
        right.accept(&request)?;
        let step = right.step(&token)?;
        assert_eq!(step.state, State::Failed, "{framing:?}, the same token again: {step:?}");
        let failure = step.error.context("a reason")?;
        if acceptor == Who::Ours {
            assert_eq!(failure.krb_error, Some(krb_error::REPEAT), "{failure:?}");
            assert_eq!(failure.major, "GSS_S_DUPLICATE_TOKEN", "{failure:?}");
        }
        let unguarded = Acceptor { replay_cache: Some(false), ..request };
        right.accept(&unguarded)?;
        assert_eq!(right.step(&token)?.state, State::Established, "{framing:?}, cache off");
    }
    Ok(())
}

/// The acceptor's own principal, when given, is the only one it takes tickets for.
#[test]
fn ticket_for_another_principal_of_the_keytab_is_refused() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let (mut left, mut right) = (Who::Mit.start(&realm)?, Who::Ours.start(&realm)?);
    let accept = |principal: &str| Acceptor {
        principal: Some(principal.into()),
        ..Acceptor::new(Framing::Raw, realm.keytab())
    };
    left.initiate(&Initiator::new(Framing::Raw, &ccache).flag("mutual"))?;
    right.accept(&accept("host/localhost@INTEROP.TEST"))?;
    let outcome = negotiate(&mut left, &mut right)?;
    let failure = outcome.acceptor_failure()?;
    assert!([Some(krb_error::NOT_US), Some(krb_error::NOKEY)].contains(&failure.krb_error), "{failure:?}");

    left.initiate(&Initiator::new(Framing::Raw, &ccache).flag("mutual"))?;
    right.accept(&accept("HTTP/localhost@INTEROP.TEST"))?;
    assert_eq!(negotiate(&mut left, &mut right)?.initiator.state, State::Established);
    Ok(())
}

/// Our acceptor's clock is wrong: it says so in a KRB-ERROR, which MIT's library understands.
#[test]
fn skewed_acceptor_tells_mit() -> Result<()> {
    skewed_acceptor(Who::Mit)
}

#[test]
fn skewed_acceptor_tells_ours() -> Result<()> {
    skewed_acceptor(Who::Ours)
}

fn skewed_acceptor(initiator: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let (mut left, mut right) = (initiator.start(&realm)?, Who::Ours.start(&realm)?);
    // Before the ticket starts, within its life, after its end.
    let cases = [
        (-HOUR, vec![krb_error::SKEW, krb_error::TKT_NYV]),
        (HOUR, vec![krb_error::SKEW]),
        (48 * HOUR, vec![krb_error::SKEW, krb_error::TKT_EXPIRED]),
    ];
    for (offset, expected) in cases {
        left.initiate(&Initiator::new(Framing::Raw, &ccache).flag("mutual"))?;
        right.accept(&Acceptor::new(Framing::Raw, realm.keytab()).at(unix_now() + offset))?;
        let outcome = negotiate(&mut left, &mut right).with_context(|| format!("offset {offset}"))?;
        let told = outcome.acceptor_failure()?.krb_error;
        assert!(told.is_some_and(|code| expected.contains(&code)), "offset {offset}: {told:?}");
        assert_eq!(outcome.tokens.len(), 2, "offset {offset}: the refusal comes with a KRB-ERROR token");
        let heard = outcome.initiator_failure()?;
        assert_eq!(heard.krb_error, told, "offset {offset}: {heard:?}");
    }
    Ok(())
}

/// Our initiator's clock is wrong: MIT's library says so in a KRB-ERROR.
#[test]
fn skewed_initiator_hears_of_it() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let (mut left, mut right) = (Who::Ours.start(&realm)?, Who::Mit.start(&realm)?);
    left.initiate(&Initiator::new(Framing::Raw, &ccache).flag("mutual").at(unix_now() + HOUR))?;
    right.accept(&Acceptor::new(Framing::Raw, realm.keytab()))?;
    let outcome = negotiate(&mut left, &mut right)?;
    assert_eq!(outcome.acceptor_failure()?.krb_error, Some(krb_error::SKEW));
    let heard = outcome.initiator_failure()?;
    assert_eq!(heard.krb_error, Some(krb_error::SKEW), "{heard:?}");
    Ok(())
}

#[test]
fn expired_ticket_is_not_sent() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let mut initiator = Who::Ours.start(&realm)?;
    for framing in [Framing::Raw, Framing::Spnego] {
        let request = Initiator::new(framing, &ccache).flag("mutual").at(unix_now() + 48 * HOUR);
        let failure = first_step_failure(&mut initiator, &request)?;
        assert_eq!(failure.major, "GSS_S_CREDENTIALS_EXPIRED", "{framing:?}: {failure:?}");
    }
    Ok(())
}

#[test]
fn missing_ticket_is_told() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let mut initiator = Who::Ours.start(&realm)?;
    let request = Initiator { target: "ldap@localhost".into(), ..Initiator::new(Framing::Raw, &ccache) };
    let failure = first_step_failure(&mut initiator, &request)?;
    assert_eq!(failure.major, "GSS_S_NO_CRED", "{failure:?}");
    assert!(failure.message.contains("ldap/localhost"), "what was sought: {failure:?}");
    Ok(())
}

/// RC4 has to be named to be had, on either side.
#[test]
fn rc4_is_refused_unless_allowed() -> Result<()> {
    let realm = Realm::start(&RealmOptions::single(Enctype::RC4))?;
    let ccache = realm.login()?;
    let (mut mit, mut ours) = (Who::Mit.start(&realm)?, Who::Ours.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        mit.initiate(&Initiator::new(framing, &ccache).flag("mutual"))?;
        ours.accept(&Acceptor::new(framing, realm.keytab()))?;
        let outcome = negotiate(&mut mit, &mut ours)?;
        outcome.acceptor_failure().with_context(|| format!("acceptor, {framing:?}"))?;
        assert_ne!(outcome.initiator.state, State::Established);
        first_step_failure(&mut ours, &Initiator::new(framing, &ccache).flag("mutual"))
            .with_context(|| format!("initiator, {framing:?}"))?;
    }
    Ok(())
}

/// Garbage in place of a file is an answer with an error, and the program lives on.
#[test]
fn unreadable_files_are_answers() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let garbage = realm.fresh_path("garbage");
    fs::write(&garbage, b"\x05\x09 not a keytab, not a ccache")?;
    let mut ours = Who::Ours.start(&realm)?;
    for file in [garbage.as_path(), Path::new("/no/such/file")] {
        assert!(ours.accept(&Acceptor::new(Framing::Raw, file)).is_err());
        let initiated = ours.initiate(&Initiator::new(Framing::Raw, file));
        assert!(initiated.is_err() || ours.step(b"")?.state == State::Failed);
    }
    ours.initiate(&Initiator::new(Framing::Raw, &ccache))?;
    assert_eq!(ours.step(b"")?.state, State::Established, "not mutual, hence done after one token");
    Ok(())
}

fn first_step_failure(initiator: &mut interop::endpoint::Endpoint, request: &Initiator) -> Result<Failure> {
    initiator.initiate(request)?;
    let step = initiator.step(b"")?;
    assert_eq!(step.state, State::Failed, "{step:?}");
    step.error.context("a reason")
}

fn both_framings(realm: &Realm, initiator: Who, acceptor: Who, keytab: &Path) -> Result<Vec<Outcome>> {
    let ccache = realm.login()?;
    let (mut left, mut right) = (initiator.start(realm)?, acceptor.start(realm)?);
    let mut outcomes = Vec::new();
    for framing in [Framing::Raw, Framing::Spnego] {
        left.initiate(&Initiator::new(framing, &ccache).flag("mutual"))?;
        right.accept(&Acceptor::new(framing, keytab))?;
        outcomes.push(negotiate(&mut left, &mut right).with_context(|| format!("{framing:?}"))?);
    }
    Ok(outcomes)
}

/// The acceptor refuses everywhere; ours with one of these codes.
fn refused_with(outcomes: &[Outcome], acceptor: Who, codes: &[i32]) -> Result<()> {
    for outcome in outcomes {
        let failure = outcome.acceptor_failure()?;
        if acceptor == Who::Ours {
            assert!(failure.krb_error.is_some_and(|code| codes.contains(&code)), "{failure:?}");
        }
        assert_ne!(outcome.initiator.state, State::Established, "{outcome:?}");
    }
    Ok(())
}
