//! What the KDCs refuse: each reason has its own error, which says what to try.

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::kdc::heimdal::Heimdal;
use interop::kdc::mit::Mit;
use interop::kdc::{Account, Directory, Kdc};
use interop::samba;
use interop::site::Site;
use krb5_client::{AsOptions, Secret, TgsOptions};

use super::common::{self, enctype, principal, tgt};
use super::domain::Domain;
use super::ours::{Ours, Over, refused};
use super::{HEIMDAL, MIT, PASSWORD, USER, directory, populate};

/// What a login comes to.
struct Case {
    user: &'static str,
    code: &'static str,
    words: &'static [&'static str],
}

const fn case(user: &'static str, code: &'static str, words: &'static [&'static str]) -> Case {
    Case { user, code, words }
}

/// Logins of users with the right password.
fn logins(ours: &Ours<'_>, realm: &str, cases: &[Case]) -> Result<()> {
    for Case { user, code, words } in cases {
        let outcome = ours.login(AsOptions::new(principal(user, realm)?), Secret::password(PASSWORD))?;
        refused(outcome, code, words).with_context(|| format!("{user} in {realm}"))?;
    }
    Ok(())
}

/// What is the same for all: wrong password, unknown service, clocks and enctypes. The user has an AES-256 key alone.
fn everywhere(kdc: &dyn Kdc, directory: &Directory, realm: &str) -> Result<()> {
    const AHEAD: i64 = 7200;
    let ours = Ours::new(directory);
    let user = || Ok::<_, anyhow::Error>(AsOptions::new(principal(USER, realm)?));
    let wrong = ours.login(user()?, Secret::password("wrong"))?;
    refused(wrong, "wrong_password", &["the password or key is wrong"])?;

    let tgt = tgt(&ours, realm, |_| ())?;
    let unknown = principal("HTTP/unknown.test", realm)?;
    let unknown = ours.service(&tgt, &unknown, TgsOptions::default())?;
    refused(unknown, "service_unknown", &["HTTP/unknown.test", "check the host name"])?;

    let mut skewed = Ours::new(directory);
    (skewed.ahead, skewed.policy.follow_kdc_clock) = (AHEAD, false);
    let refusal = skewed.login(user()?, Secret::password(PASSWORD))?;
    refused(refusal, "clock_skew", &["s behind ours", "same time source"])?;
    skewed.policy.follow_kdc_clock = true;
    let outcome = skewed.login(user()?, Secret::password(PASSWORD))?.with_context(|| kdc.logs())?;
    ensure!((outcome.kdc_offset + AHEAD).abs() <= 5, "{outcome:?}");
    // The service exchange finds out by itself, or is told.
    let server = principal(&format!("krbtgt/{realm}"), realm)?;
    for kdc_offset in [0, outcome.kdc_offset] {
        let options = TgsOptions { kdc_offset, ..TgsOptions::default() };
        let ticket = skewed.service(&outcome.credential, &server, options)?.with_context(|| kdc.logs())?;
        ensure!((ticket.kdc_offset + AHEAD).abs() <= 5, "{kdc_offset}: {ticket:?}");
    }
    Ok(())
}

/// The user's keys are of one enctype, and another is asked for.
fn other_enctype(directory: &Directory, realm: &str, code: &str, words: &[&str]) -> Result<()> {
    let ours = Ours::new(directory).only(enctype(Enctype::AES128_SHA256));
    refused(ours.login(AsOptions::new(principal(USER, realm)?), Secret::password(PASSWORD))?, code, words)
}

#[test]
fn of_mit() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = Mit::start(&site, &directory, MIT)?;
    populate(&mit, MIT)?;
    everywhere(&mit, &directory, MIT)?;
    other_enctype(
        &directory,
        MIT,
        "no_common_enctype",
        &["aes128-cts-hmac-sha256-128", "change the password"],
    )?;
    for (name, option) in [
        ("locked", ["-allow_tix", ""]),
        ("expired", ["-expire", "2001-01-01 00:00:00"]),
        ("stale", ["-pwexpire", "2001-01-01 00:00:00"]),
        ("fresh", ["+needchange", ""]),
        ("tried", ["-policy", "lockout"]),
    ] {
        mit.add(&Account::user(name, PASSWORD))?;
        let option = option.into_iter().filter(|word| !word.is_empty());
        mit.kadmin(&["modify_principal"].into_iter().chain(option).chain([name]).collect::<Vec<_>>())?;
    }
    let ours = Ours::new(&directory);
    logins(
        &ours,
        MIT,
        &[
            case("nobody", "client_unknown", &["nobody@MIT.TEST", "check the user name"]),
            case("locked", "client_revoked", &["locked, disabled or expired", "ask its administrator"]),
            case("expired", "client_expired", &["ask its administrator"]),
            case("stale", "password_expired", &["kadmin/changepw"]),
            case("fresh", "password_expired", &["kadmin/changepw"]),
        ],
    )?;
    for _ in 0..3 {
        let options = AsOptions::new(principal("tried", MIT)?);
        refused(ours.login(options, Secret::password("guess"))?, "wrong_password", &[])?;
    }
    logins(&ours, MIT, &[case("tried", "client_revoked", &["wait until the lock ends"])])?;
    // What the error said to try.
    let ticket = common::for_passwords(&ours, "fresh", PASSWORD, MIT)?;
    common::change(&ours, &ticket, "fresh password")??;
    ours.login(AsOptions::new(principal("fresh", MIT)?), Secret::password("fresh password"))??;
    Ok(())
}

#[test]
fn of_heimdal() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = Heimdal::start(&site, &directory, HEIMDAL)?;
    populate(&heimdal, HEIMDAL)?;
    everywhere(&heimdal, &directory, HEIMDAL)?;
    other_enctype(&directory, HEIMDAL, "enctype_unsupported", &["allow another one"])?;
    for (name, option) in [
        ("locked", "--attributes=disallow-all-tix"),
        ("expired", "--expiration-time=2001-01-01"),
        ("stale", "--pw-expiration-time=2001-01-01"),
    ] {
        heimdal.add(&Account::user(name, PASSWORD))?;
        heimdal.kadmin(&["modify", option, name])?;
    }
    let ours = Ours::new(&directory).over(Over::Udp);
    logins(
        &ours,
        HEIMDAL,
        &[
            case("nobody", "client_unknown", &["nobody@HEIMDAL.TEST", "check the user name"]),
            case("locked", "policy", &["ask its administrator"]),
            case("expired", "client_expired", &["ask its administrator"]),
            case("stale", "password_expired", &["kadmin/changepw"]),
        ],
    )?;
    let ticket = common::for_passwords(&ours, "stale", PASSWORD, HEIMDAL)?;
    common::change(&ours, &ticket, "fresh password")??;
    ours.login(AsOptions::new(principal("stale", HEIMDAL)?), Secret::password("fresh password"))??;
    Ok(())
}

#[test]
fn of_samba() -> Result<()> {
    let site = Site::new()?;
    let domain = Domain::start(&site)?;
    let directory = domain.directory();
    let ours = Ours::new(&directory);
    everywhere(&domain, &directory, samba::REALM)?;
    other_enctype(&directory, samba::REALM, "enctype_unsupported", &["allow another one"])?;
    logins(
        &ours,
        samba::REALM,
        &[
            case("nobody", "client_unknown", &["nobody@SAMBA.TEST", "check the user name"]),
            case("disabled", "client_revoked", &["disabled", "ask its administrator"]),
            case("expired", "client_revoked", &["expired", "ask its administrator"]),
            case("stale", "password_expired", &["kadmin/changepw"]),
        ],
    )?;
    for _ in 0..2 {
        let options = AsOptions::new(principal("locked", samba::REALM)?);
        refused(ours.login(options, Secret::password("guess"))?, "wrong_password", &[])?;
    }
    logins(&ours, samba::REALM, &[case("locked", "client_revoked", &["locked", "wait"])])?;
    let ticket = common::for_passwords(&ours, "stale", PASSWORD, samba::REALM)?;
    common::change(&ours, &ticket, "Fresh pass 7 word")??;
    ours.login(AsOptions::new(principal("stale", samba::REALM)?), Secret::password("Fresh pass 7 word"))??;
    Ok(())
}
