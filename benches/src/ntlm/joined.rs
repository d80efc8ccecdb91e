//! Whether both sides understand each other, in both roles.

use super::{authenticate, challenge, check, logon, negotiate, server};
use crate::driver::{Driver, hex};
use anyhow::{Context as _, Result, ensure};
use gss_core::{Protection, SecurityContext};
use rand_core::UnwrapErr;

/// Logs our initiator in to their acceptor and theirs in to ours, each with MIC, and sends messages and MICs both ways.
pub(super) fn check_both_roles(driver: &mut Driver) -> Result<()> {
    let logon = logon();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let state = negotiate(&logon, &mut first)?;
    let mut answer = driver.ask_bytes(&format!("take-negotiate {}", hex(&first)))?;
    let mut context = authenticate(state, &mut answer, &mut last)?;
    driver.ask(&format!("take-authenticate {}", hex(&last)))?;
    check_messages(&mut context, driver).context("our initiator and their acceptor")?;

    let config = server(1);
    let mut answer = Vec::new();
    let state = challenge(&config, &mut driver.ask_bytes("negotiate")?, &mut answer)?;
    let mut context = check(state, &mut driver.ask_bytes(&format!("authenticate {}", hex(&answer)))?)?;
    ensure!(context.parties().has_mic(), "their initiator sent no MIC");
    check_messages(&mut context, driver).context("their initiator and our acceptor")
}

fn check_messages(context: &mut impl SecurityContext, driver: &mut Driver) -> Result<()> {
    let message = b"both ends of one context";
    let mut rng = UnwrapErr(getrandom::SysRng);
    let mut token = Vec::new();
    context.sealer().wrap(Protection::Confidentiality, message, &mut token, &mut rng)?;
    driver.ask(&format!("message {}", hex(&token)))?;
    ensure!(driver.ask_bytes("open-one")? == message, "their side read something else");

    driver.ask(&format!("message {}", hex(message)))?;
    let mut theirs = driver.ask_bytes("seal-one")?;
    ensure!(context.opener().unwrap(&mut theirs)?.message == message, "our side read something else");
    // The second message each way.
    let mic = driver.ask_bytes("mic-one 1")?;
    let _ = context.opener().verify_mic(message, &mic)?;
    let mut mic = Vec::new();
    context.sealer().get_mic(message, &mut mic)?;
    driver.ask(&format!("verify-one {} 1", hex(&mic)))?;
    Ok(())
}
