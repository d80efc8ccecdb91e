//! Tickets for services: in one's own name, in others' (S4U), from user to user, and forwarded.

use anyhow::{Context as _, Result, ensure};
use interop::conversation::establish;
use interop::endpoint::{Acceptor, Framing, Initiator};
use interop::kdc::client::Maker;
use interop::realm::SERVICE as HOST_BASED;
use interop::{gssctl, python};
use krb5_testkdc::Account;
use krb5_testkdc::serve::Via;

use super::{BACK_END, PASSWORD, SERVICE, USER, realm, start};

#[test]
fn unknown_service() -> Result<()> {
    let kdc = start(realm())?;
    for (maker, says) in
        [(Maker::Mit, "not found in Kerberos database"), (Maker::Heimdal, "is not known here")]
    {
        let client = kdc.client(maker, Via::Udp)?;
        let ccache = client.kinit(USER, PASSWORD, &[])?;
        let error = client.ticket(&ccache, &[], "HTTP/nowhere@SOCKET.TEST").unwrap_err().to_string();
        ensure!(error.contains(says), "{maker:?}: {error}");
    }
    Ok(())
}

/// After a change of keys, new tickets have the new version, and the new keytab has the old keys as well.
#[test]
fn key_versions() -> Result<()> {
    let kdc = start(realm())?;
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let versions = || -> Result<String> {
        let ccache = client.kinit(USER, PASSWORD, &[])?;
        let mut command = client.command("kvno")?;
        interop::peer::succeed(
            command.arg("-c").arg(&ccache).args(["-k"]).arg(kdc.keytab_file(SERVICE)?).arg(SERVICE),
            b"",
        )
    };
    let said = versions()?;
    ensure!(said.contains("kvno = 1, keytab entry valid"), "{said}");
    kdc.rotate_keys(SERVICE)?;
    let said = versions()?;
    ensure!(said.contains("kvno = 2, keytab entry valid"), "{said}");
    Ok(())
}

/// A service gets a ticket for itself in a user's name, and with that one for the service behind it.
#[test]
fn service_for_user() -> Result<()> {
    let front = Account {
        delegates_to: vec![BACK_END.into()],
        protocol_transition: true,
        ..Account::service("HTTP/front")
    };
    let kdc = start(realm().account(front).service("HTTP/elsewhere"))?;
    let name = "HTTP/front@SOCKET.TEST";
    let keytab = kdc.keytab_file(name)?.display().to_string();
    let (own, back) = ("HTTP/front", format!("{BACK_END}@SOCKET.TEST"));

    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let ccache = client.kinit(name, "", &["-f", "-k", "-t", &keytab])?;
    client.ticket(&ccache, &["-k", &keytab, "-U", USER], own).context("S4U2Self")?;
    client.ticket(&ccache, &["-k", &keytab, "-P", "-U", USER], &back).context("S4U2Proxy")?;
    let listed = client.klist(&ccache)?;
    ensure!(listed.matches("for client alice@SOCKET.TEST").count() == 2, "{listed}");
    let error =
        client.ticket(&ccache, &["-k", &keytab, "-P", "-U", USER], "HTTP/elsewhere").unwrap_err().to_string();
    ensure!(error.contains("KDC can't fulfill requested option"), "{error}");

    let client = kdc.client(Maker::Heimdal, Via::Udp)?;
    let ccache = client.kinit(name, "", &["-f", "-k", "-t", &keytab])?;
    let evidence = kdc.site().fresh_path("evidence");
    let (out, of) = (format!("--out-cache={}", evidence.display()), format!("--impersonate={USER}"));
    client.ticket(&ccache, &["--forwardable", &out, &of], name).context("Heimdal's S4U2Self")?;
    let shown = format!("--delegation-credential-cache={}", evidence.display());
    client.ticket(&ccache, &[&shown], &back).context("Heimdal's S4U2Proxy")?;
    ensure!(client.klist(&ccache)?.contains("for client alice"), "{}", client.klist(&ccache)?);
    Ok(())
}

/// The service behind says who may come in a user's name.
#[test]
fn service_for_user_by_leave_of_the_other() -> Result<()> {
    let willing =
        Account { accepts_delegation_from: vec!["HTTP/front".into()], ..Account::service("host/willing") };
    let kdc = start(realm().service("HTTP/front").account(willing))?;
    let keytab = kdc.keytab_file("HTTP/front@SOCKET.TEST")?.display().to_string();
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let ccache = client.kinit("HTTP/front@SOCKET.TEST", "", &["-f", "-k", "-t", &keytab])?;
    client.ticket(&ccache, &["-k", &keytab, "-P", "-U", USER], "host/willing")?;
    ensure!(client.klist(&ccache)?.contains("for client alice"), "{}", client.klist(&ccache)?);
    Ok(())
}

#[test]
fn user_to_user() -> Result<()> {
    let bob = Account { user_to_user_only: true, ..Account::user("bob", PASSWORD) };
    let kdc = start(realm().account(bob))?;
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let theirs = client.kinit("bob@SOCKET.TEST", PASSWORD, &[])?;
    let ccache = client.kinit(USER, PASSWORD, &[])?;
    let error = client.ticket(&ccache, &[], "bob@SOCKET.TEST").unwrap_err().to_string();
    ensure!(error.contains("user2user only"), "{error}");
    client.ticket(&ccache, &["--u2u", &theirs.display().to_string()], "bob@SOCKET.TEST")?;
    let listed = client.klist(&ccache)?;
    ensure!(listed.contains("bob@SOCKET.TEST"), "{listed}");
    Ok(())
}

/// MIT's library fetches a forwarded ticket to delegate, and our acceptor gets one that is good for more.
#[test]
fn forwarding() -> Result<()> {
    let mut kdc = start(realm())?;
    kdc.point_programs_here(Via::Udp)?;
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    let ccache = client.kinit(USER, PASSWORD, &["-f"])?;
    let (mut initiator, mut acceptor) = (python::start(kdc.site())?, gssctl::shim(kdc.site())?);
    let mut ours = Initiator::new(Framing::Spnego, &ccache).flag("deleg").flag("mutual");
    ours.target = HOST_BASED.into();
    initiator.initiate(&ours)?;
    acceptor.accept(&Acceptor::new(Framing::Spnego, &kdc.keytab_file(SERVICE)?))?;
    let (initiated, accepted, _) = establish(&mut initiator, &mut acceptor)?;
    ensure!(initiated.has_flag("deleg") && accepted.has_flag("deleg"), "{initiated:?} {accepted:?}");
    let delegated = kdc.site().fresh_path("delegated");
    acceptor.store_delegated(&delegated)?;
    let listed = client.klist(&delegated)?;
    ensure!(listed.contains("Flags: Ff"), "forwardable and forwarded: {listed}");
    client.ticket(&delegated, &[], SERVICE)
}
