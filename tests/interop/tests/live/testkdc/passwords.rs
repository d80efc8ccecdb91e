//! Password changes by the stock `kpasswd`, and by `kinit` when the password has expired.

use anyhow::{Context as _, Result, ensure};
use interop::kdc::client::{Client, Maker};
use interop::peer::{self, Finished};
use interop::testkdc::ways;
use krb5_testkdc::serve::Via;
use krb5_testkdc::{Account, Realm};

use super::{PASSWORD, USER, realm, start};

const NEW: &str = "Wrong horse 8 accumulator";

fn change(client: &Client<'_>, user: &str, old: &str, new: &str) -> Result<Finished> {
    let typed = format!("{old}\n{new}\n{new}\n");
    peer::finish(client.command("kpasswd")?.arg(user), typed.as_bytes())
}

#[test]
fn by_every_way() -> Result<()> {
    let kdc = start(realm())?;
    let (mut old, mut new) = (PASSWORD, NEW);
    for via in ways(Maker::Mit) {
        let client = kdc.client(Maker::Mit, *via)?;
        let said = change(&client, USER, old, new)?;
        ensure!(said.status.success(), "{via:?}: {said:?}");
        client.kinit(USER, new, &[]).with_context(|| format!("{via:?}"))?;
        ensure!(client.kinit(USER, old, &[]).is_err(), "{via:?}: the old password still works");
        (old, new) = (new, old);
    }
    Ok(())
}

#[test]
fn refused_passwords() -> Result<()> {
    let kdc = start(Realm { min_password_len: 12, ..realm() })?;
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let said = change(&client, USER, PASSWORD, "short")?;
    ensure!(!said.status.success() && (said.stdout + &said.stderr).contains("Password change rejected"));
    let said = change(&client, USER, NEW, NEW)?;
    ensure!(!said.status.success() && said.stderr.contains("Preauthentication failed"), "{said:?}");
    client.kinit(USER, PASSWORD, &[]).map(drop)
}

/// `kinit` asks for a new password, changes it, and logs in.
#[test]
fn at_login() -> Result<()> {
    let stale = Account { must_change_password: true, ..Account::user("stale", PASSWORD) };
    let kdc = start(realm().account(stale))?;
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let ccache = kdc.site().fresh_path("ccache");
    let typed = format!("{PASSWORD}\n{NEW}\n{NEW}\n");
    let mut command = client.command("kinit")?;
    let said = peer::succeed(command.arg("-c").arg(&ccache).arg("stale@SOCKET.TEST"), typed.as_bytes())?;
    ensure!(said.contains("Password expired"), "{said}");
    ensure!(client.klist(&ccache)?.contains("Default principal: stale@SOCKET.TEST"));
    client.kinit("stale@SOCKET.TEST", NEW, &[]).map(drop)
}
