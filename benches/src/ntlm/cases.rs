//! Which cases there are.

use super::{DOMAIN, PASSWORD, USER, accept, challenge, ends, initiate, logon, negotiate, open};
use super::{joined, parts, server};
use crate::driver::{Driver, hex, looped};
use crate::measure::{Run, take_turns};
use crate::options::Options;
use crate::suite::{SIZES, Suite};
use crate::{ours, report, sspi};
use anyhow::Result;
use core::cell::RefCell;
use gss_ntlm::NtHash;

const INITIATE_HASH: &str = "ntlm initiate, NT hash";
const INITIATE_PASSWORD: &str = "ntlm initiate, password";
const ACCEPT: &str = "ntlm accept, NT hash";
/// What is done with messages, as sspi's side calls it and as it is shown.
const MESSAGE_WORK: [(&str, &str); 3] = [("seal", "seal"), ("open", "open"), ("mic", "MIC of")];

const USERS: [usize; 2] = [1, 100_000];

/// Measures what the options ask for and prints the results.
///
/// # Errors
/// One of both sides does not work, or they do not understand each other.
pub(crate) fn run(options: &Options) -> Result<()> {
    let handshakes = [INITIATE_HASH, INITIATE_PASSWORD, ACCEPT].map(str::to_owned);
    let messages = SIZES.iter().flat_map(|(_, size)| MESSAGE_WORK.map(|(_, work)| name(work, size)));
    if handshakes.into_iter().chain(messages).any(|name| options.wants(&name)) {
        compare(options)?;
    }
    parts::run(options)?;
    let mut alone = Suite::new(options);
    alone.compare(
        "ntlm accept next to its primitives".to_owned(),
        accept(&server(1), &logon()),
        parts::login(),
    )?;
    report::print_comparison("primitives", &alone.rows);
    users(options)
}

fn name(work: &str, size: &str) -> String {
    format!("ntlm {work} {size}")
}

fn compare(options: &Options) -> Result<()> {
    let driver = sspi::start()?;
    let hash = NtHash::of_password(PASSWORD);
    with_account(&driver, &format!("#{}", hex(hash.secret_bytes())))?;
    joined::check_both_roles(&mut driver.borrow_mut())?;
    let mut suite = Suite::new(options);
    handshakes(&mut suite, &driver)?;
    messages(&mut suite, &driver)?;
    report::print_comparison("sspi", &suite.rows);
    Ok(())
}

fn with_account(driver: &RefCell<Driver>, secret: &str) -> Result<()> {
    driver.borrow_mut().ask(&format!("account {USER} {DOMAIN} {secret}")).map(drop)
}

/// Both initiators answer the same challenge, which our acceptor made.
fn handshakes(suite: &mut Suite<'_>, driver: &RefCell<Driver>) -> Result<()> {
    let (config, logon) = (server(1), logon());
    let (mut first, mut answer) = (Vec::new(), Vec::new());
    negotiate(&logon, &mut first)?;
    challenge(&config, &mut first, &mut answer)?;
    driver.borrow_mut().ask(&format!("challenge {}", hex(&answer)))?;

    suite.compare(INITIATE_HASH.to_owned(), initiate(&answer, || &logon), looped(driver, "initiate"))?;
    suite.compare(ACCEPT.to_owned(), accept(&config, &logon), looped(driver, "accept"))?;
    with_account(driver, &hex(PASSWORD.as_bytes()))?;
    suite.compare(INITIATE_PASSWORD.to_owned(), initiate(&answer, super::logon), looped(driver, "initiate"))
}

fn messages(suite: &mut Suite<'_>, driver: &RefCell<Driver>) -> Result<()> {
    let (mut sealer, _) = ends()?;
    for &(size, shown) in SIZES {
        let message: Vec<u8> = (0..size).map(|index| index as u8).collect();
        driver.borrow_mut().ask(&format!("message {}", hex(&message)))?;
        for (work, word) in MESSAGE_WORK {
            let run: Run<'_> = match work {
                "seal" => ours::seal_in_place(&mut sealer, &message),
                "open" => open(&message)?,
                _ => ours::mic(&mut sealer, &message),
            };
            suite.compare(name(word, shown), run, looped(driver, work))?;
        }
    }
    Ok(())
}

fn users(options: &Options) -> Result<()> {
    if !options.wants("ntlm users") {
        return Ok(());
    }
    eprintln!("  ntlm users");
    let logon = logon();
    let configs = USERS.map(server);
    let mut sides: Vec<_> = configs.iter().map(|config| accept(config, &logon)).collect();
    let samples = take_turns(&mut sides, options.plan())?;
    let shown = USERS.map(|users| users.to_string());
    report::print_growth("ntlm accept, by users that the server knows", &shown, &["ours"], &samples);
    Ok(())
}
