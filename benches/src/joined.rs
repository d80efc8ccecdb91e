//! One context that both sides share.

use crate::driver::{Driver, from_hex, hex};
use crate::ours::{Established as _, Spnego, UNORDERED, complete, first_token};
use crate::world::World;
use anyhow::{Result, bail, ensure};
use core::cell::RefCell;
use gss_core::{Opener as _, Protection, Role, SecurityContext};
use gss_krb5::message::{Opener, Parameters, Sealer, halves};
use rand_core::UnwrapErr;

/// Our end of a context whose acceptor is MIT's side; and that acceptor's halves once more, of our making, so that
/// we can open the very token that MIT's side opens.
pub(crate) struct Joined {
    pub(crate) sealer: Sealer,
    pub(crate) twin: Opener,
}

/// The bit of a token's flags that says whose key was used (RFC 4121 section 4.2.2).
const ACCEPTOR_SUBKEY: u8 = 4;

impl Joined {
    /// Lets MIT's side accept our initiator, and checks that messages get through both ways.
    pub(crate) fn new(world: &World, driver: &RefCell<Driver>) -> Result<Self> {
        let (state, token) = first_token::<Spnego>(world, UNORDERED)?;
        let answer = driver.borrow_mut().ask(&format!("join {}", hex(&token)))?;
        let Some((answer, enctype)) = answer.split_once(' ') else { bail!("join answered {answer:?}") };
        let mut context = complete(state, &mut from_hex(answer)?)?;
        let key = context.krb5().secret_message_key().duplicate();
        ensure!(key.enctype() == world.enctype, "the context's key is of {}", key.enctype());
        ensure!(
            enctype == world.enctype.0.to_string(),
            "MIT's side says that the key is of enctype {enctype}"
        );

        let message = b"both ends of one context";
        let token = check_both_ways(&mut context, &mut driver.borrow_mut(), message)?;
        let flags = token.get(2).copied().unwrap_or_default();
        let (_, mut twin) = halves(&Parameters {
            role: Role::Acceptor,
            key: &key,
            acceptor_subkey: key.enctype().uses_cfx() && flags & ACCEPTOR_SUBKEY != 0,
            send_sequence: 0,
            receive_sequence: 0,
            flags: UNORDERED,
        })?;
        ensure!(
            twin.unwrap(&mut token.clone())?.message == message,
            "our acceptor's half read something else"
        );
        Ok(Self { sealer: context.split().0, twin })
    }
}

/// Messages and MICs, sealed by one side and opened by the other. Returns the token of ours.
fn check_both_ways(
    context: &mut impl SecurityContext,
    driver: &mut Driver,
    message: &[u8],
) -> Result<Vec<u8>> {
    let mut token = Vec::new();
    let mut rng = UnwrapErr(getrandom::SysRng);
    context.sealer().wrap(Protection::Confidentiality, message, &mut token, &mut rng)?;
    driver.ask(&format!("message {}", hex(&token)))?;
    ensure!(driver.ask_bytes("open-one")? == message, "MIT's side read something else");

    driver.ask(&format!("message {}", hex(message)))?;
    let mut theirs = driver.ask_bytes("seal-one")?;
    ensure!(context.opener().unwrap(&mut theirs)?.message == message, "our side read something else");
    let mic = driver.ask_bytes("mic-one")?;
    let _ = context.opener().verify_mic(message, &mic)?;
    let mut mic = Vec::new();
    context.sealer().get_mic(message, &mut mic)?;
    driver.ask(&format!("verify {} 1", hex(&mic)))?;
    Ok(token)
}
