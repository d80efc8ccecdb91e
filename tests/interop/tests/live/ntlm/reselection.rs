//! SPNEGO with two mechanisms: Kerberos first, and NTLM where the other side has nothing else.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use interop::conversation::{Outcome, establish, negotiate};
use interop::endpoint::{Acceptor, Endpoint, Framing, Initiator, Step, User};
use interop::realm::{Realm, RealmOptions, USER};
use interop::{gssctl, python, samba};

use super::messages;

const SIZES: &[usize] = &[1, 17, 65536];

/// A realm, tickets, and a user of NTLM.
struct Setting {
    realm: Realm,
    ccache: PathBuf,
    user: User,
}

impl Setting {
    fn new() -> Result<Self> {
        let mut realm = Realm::start(&RealmOptions::default())?;
        realm.add_ntlm()?;
        let ccache = realm.login()?;
        Ok(Self { realm, ccache, user: User::new(samba::DOMAIN, "alice", "Correct horse 9 battery") })
    }

    fn ours(&self) -> Result<Endpoint> {
        gssctl::shim(&self.realm)
    }

    fn mit(&self) -> Result<Endpoint> {
        python::start(&self.realm)
    }

    fn both(&self) -> Initiator {
        Initiator::krb5_or_ntlm(&self.ccache, &self.user).flags(&["integ", "conf"])
    }

    fn users(&self) -> &[User] {
        core::slice::from_ref(&self.user)
    }

    /// A login that comes to this mechanism on both sides, and messages after it.
    fn login(
        &self,
        (left, initiator): (&mut Endpoint, &Initiator),
        (right, acceptor): (&mut Endpoint, &Acceptor),
        mech: &str,
    ) -> Result<(Step, Outcome)> {
        left.initiate(initiator)?;
        right.accept(acceptor)?;
        let (initiated, accepted, outcome) = establish(left, right)?;
        assert_eq!([&initiated.mech, &accepted.mech].map(|found| found.as_deref()), [Some(mech); 2]);
        messages(left, right, SIZES, &[true])?;
        Ok((accepted, outcome))
    }

    fn turns_to_ntlm(&self, left: &mut Endpoint, right: &mut Endpoint) -> Result<()> {
        let acceptor = Acceptor::ntlm(Framing::Spnego, self.users());
        let (accepted, outcome) = self.login((left, &self.both()), (right, &acceptor), "ntlm")?;
        assert_eq!(accepted.peer.as_deref(), Some(self.user.full_name().as_str()));
        // The first token was for Kerberos: one more than the three of NTLM, and the last word.
        ensure!(outcome.tokens.len() > 4, "{outcome:?}");
        Ok(())
    }

    fn stays_with_kerberos(&self, left: &mut Endpoint, right: &mut Endpoint) -> Result<()> {
        let acceptor = Acceptor::krb5_or_ntlm(self.realm.keytab(), self.users());
        let (accepted, _) = self.login((left, &self.both()), (right, &acceptor), "krb5")?;
        ensure!(accepted.peer.as_deref().is_some_and(|peer| peer.starts_with(USER)), "{accepted:?}");
        Ok(())
    }
}

#[test]
fn ours_turns_to_ntlm_at_gss_ntlmssp() -> Result<()> {
    let setting = Setting::new()?;
    setting.turns_to_ntlm(&mut setting.ours()?, &mut setting.mit()?)
}

#[test]
fn gss_ntlmssp_turns_to_ntlm_at_ours() -> Result<()> {
    let setting = Setting::new()?;
    setting.turns_to_ntlm(&mut setting.mit()?, &mut setting.ours()?)
}

#[test]
fn ours_turns_to_ntlm_at_ours() -> Result<()> {
    let setting = Setting::new()?;
    setting.turns_to_ntlm(&mut setting.ours()?, &mut setting.ours()?)
}

#[test]
fn kerberos_wins_where_both_sides_have_it() -> Result<()> {
    let setting = Setting::new()?;
    setting.stays_with_kerberos(&mut setting.mit()?, &mut setting.ours()?)?;
    setting.stays_with_kerberos(&mut setting.ours()?, &mut setting.mit()?)?;
    setting.stays_with_kerberos(&mut setting.ours()?, &mut setting.ours()?)
}

/// An acceptor of both takes clients that have NTLM alone.
#[test]
fn ntlm_alone_at_ours_with_both() -> Result<()> {
    let setting = Setting::new()?;
    let acceptor = Acceptor::krb5_or_ntlm(setting.realm.keytab(), setting.users());
    let initiator = Initiator::ntlm(Framing::Spnego, &setting.user).flags(&["integ", "conf"]);
    for mut left in [setting.mit()?, setting.ours()?] {
        setting.login((&mut left, &initiator), (&mut setting.ours()?, &acceptor), "ntlm")?;
    }
    Ok(())
}

/// A ticket that the server cannot read ends the login: that NTLM would work is no reason to fall back to it.
#[test]
fn a_failure_of_kerberos_is_no_reason_for_ntlm() -> Result<()> {
    let setting = Setting::new()?;
    let keytab = setting.realm.keytab_with_wrong_keys()?;
    for mut left in [setting.ours()?, setting.mit()?] {
        let mut right = setting.ours()?;
        left.initiate(&setting.both())?;
        right.accept(&Acceptor::krb5_or_ntlm(&keytab, setting.users()))?;
        let outcome = negotiate(&mut left, &mut right)?;
        outcome.acceptor_failure()?;
    }
    Ok(())
}
