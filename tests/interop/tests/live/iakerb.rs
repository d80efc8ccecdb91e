//! IAKERB: MIT's initiators log in with a password through our acceptor, which brings their messages to the KDC, and
//! ours through MIT's.
//!
//! `gssctl` offers no IAKERB, so our sides are linked into the test.

use anyhow::{Context as _, Result, bail, ensure};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss_core::{Diagnose, Protection, SecurityContext, oid};
use gss_krb5::AcceptorError;
use gss_krb5::iakerb::{Draft, IakerbError};
use interop::endpoint::{Endpoint, Initiator, State};
use interop::iakerb::{Login, initiator};
use interop::realm::{PASSWORD, Realm, RealmOptions, SERVICE_PRINCIPAL, USER};
use interop::text;
use krb5_asn1::{Decode, KrbError};

#[test]
fn mit_logs_in_with_a_password() -> Result<()> {
    let login = Login::new()?;
    let mut ended = login.run(&Initiator::iakerb(PASSWORD).flag("mutual"), |_| {})?;
    ensure!(ended.relayed >= 3, "a challenge, a TGT and a service ticket take {} requests", ended.relayed);
    let mut context = ended.accepted()?;
    let step = ended.initiated()?;
    assert_eq!(step.peer.as_deref(), Some(SERVICE_PRINCIPAL));
    let facts = context.facts();
    assert_eq!((facts.mechanism, facts.peer.map(ToString::to_string)), (oid::IAKERB, Some(USER.to_owned())));
    assert!(context.parties().has_verified_pac(), "MIT's KDC puts a PAC into every ticket");
    assert_eq!(context.secret_session_key(), Some(&ended.mit.session_key()?[..]));
    messages(&mut ended.mit, &mut context)
}

#[test]
fn mit_logs_in_without_mutual_authentication() -> Result<()> {
    let login = Login::new()?;
    let mut ended = login.run(&Initiator::iakerb(PASSWORD), |_| {})?;
    let mut context = ended.accepted()?;
    ended.initiated()?;
    messages(&mut ended.mit, &mut context)
}

#[test]
fn wrong_password_gets_no_context() -> Result<()> {
    let login = Login::new()?;
    let ended = login.run(&Initiator::iakerb("wrong").flag("mutual"), |_| {})?;
    let failure = ended.initiator_failure()?;
    // KDC_ERR_PREAUTH_FAILED of RFC 4120 section 7.5.9
    assert_eq!(failure.krb_error, Some(24), "{failure:?}");
    Ok(())
}

/// The KDC's error is not protected by itself: only the checksum over all that was carried shows the change.
#[test]
fn changed_error_of_the_kdc_is_refused() -> Result<()> {
    let login = Login::new()?;
    let mut changed = false;
    let ended = login.run(&Initiator::iakerb(PASSWORD).flag("mutual"), |reply| {
        let Ok(error) = KrbError::from_der(reply) else { return };
        // The last digit of the KDC's clock, by which nobody steers.
        let time = error.stime.to_text();
        let at = reply.windows(time.len()).position(|window| window == time).unwrap();
        reply[at + time.len() - 2] ^= 1;
        changed = true;
    })?;
    ensure!(changed, "the KDC asked for no pre-authentication");
    match ended.acceptor {
        Some(Err(IakerbError::Acceptor(AcceptorError::IakerbFinishedMismatch))) => Ok(()),
        other => bail!("{other:?}"),
    }
}

/// Tickets are protected by the user's key and the TGT's: the initiator notices.
#[test]
fn changed_ticket_of_the_kdc_is_refused() -> Result<()> {
    let login = Login::new()?;
    for kind in [AS_REP, TGS_REP] {
        let mut changed = false;
        let ended = login.run(&Initiator::iakerb(PASSWORD).flag("mutual"), |reply| {
            if reply.first() == Some(&kind) {
                *reply.last_mut().unwrap() ^= 1;
                changed = true;
            }
        })?;
        ensure!(changed, "the KDC sent no {kind:#x}");
        ended.initiator_failure().with_context(|| format!("tag {kind:#x}"))?;
        assert!(ended.acceptor.is_none(), "{:?}", ended.acceptor);
    }
    Ok(())
}

/// The initiator hears why, in a KRB-ERROR.
#[test]
fn unreachable_kdc_is_told() -> Result<()> {
    let mut login = Login::new()?;
    login.reachable = false;
    let ended = login.run(&Initiator::iakerb(PASSWORD).flag("mutual"), |_| {})?;
    let failure = ended.initiator_failure()?;
    // KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE of the draft
    assert_eq!(failure.krb_error, Some(86), "{failure:?}");
    Ok(())
}

/// Our initiator, which knows the user's password and no KDC, through MIT's acceptor, which follows the older draft. (It
/// tells nobody its realm: MIT 1.20 refuses the empty request that asks for it.)
#[test]
fn ours_logs_in_through_mit() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let mut ended = initiator::log_in(&realm, Draft::Zhu, USER, PASSWORD)?;
    let Some(Ok(mut context)) = ended.initiator.take() else { bail!("{ended:?}") };
    assert_eq!(context.facts().peer.map(ToString::to_string).as_deref(), Some(SERVICE_PRINCIPAL));
    let step = ended.acceptor.take().context("MIT's side has had a token")?;
    assert_eq!((step.state, step.peer.as_deref()), (State::Established, Some(USER)), "{step:?}");
    assert_eq!(context.secret_session_key(), Some(&ended.mit.session_key()?[..]));
    messages(&mut ended.mit, &mut context)
}

#[test]
fn ours_gets_no_context_with_a_wrong_password() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ended = initiator::log_in(&realm, Draft::Zhu, USER, "wrong")?;
    match ended.initiator {
        // KDC_ERR_PREAUTH_FAILED of RFC 4120 section 7.5.9
        Some(Err(error)) if (error.code(), error.minor()) == ("wrong_password", Some(24)) => Ok(()),
        other => bail!("{other:?}, and MIT's side: {:?}", ended.acceptor),
    }
}

/// Outermost tags of RFC 4120 section 5.10.
const AS_REP: u8 = 0x6b;
const TGS_REP: u8 = 0x6d;

/// Messages both ways, sealed and signed.
fn messages(mit: &mut Endpoint, ours: &mut impl SecurityContext) -> Result<()> {
    for (conf, protection) in [(true, Protection::Confidentiality), (false, Protection::Integrity)] {
        let mut token = mit.wrap(b"to the service", conf)?;
        let opened = ours.opener().unwrap(&mut token)?;
        assert_eq!((opened.protection, &*opened.message), (protection, &b"to the service"[..]));
        opened.in_order()?;

        let mut token = Vec::new();
        ours.sealer().wrap(protection, b"to the user", &mut token, &mut rng())?;
        let opened = mit.unwrap(&token)?;
        assert_eq!((opened.conf, opened.data.as_deref()), (Some(conf), Some(&b"to the user"[..])));
        assert_eq!(opened.status, "ok");
    }
    let mic = mit.mic(b"signed")?;
    ours.opener().verify_mic(b"signed", &mic)?.in_order()?;
    let mut mic = Vec::new();
    ours.sealer().get_mic(b"signed", &mut mic)?;
    assert_eq!(mit.verify_mic(b"signed", &mic)?, "ok", "{}", text::hex(&mic));
    Ok(())
}

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
