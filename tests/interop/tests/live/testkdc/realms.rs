//! Two realms that trust each other.

use anyhow::{Context as _, Result, ensure};
use interop::kdc::client::Maker;
use interop::testkdc::{TestKdc, ways};
use krb5_testkdc::{Kdc, KdcBuilder, Realm};

use super::PASSWORD;

const ONE: &str = "ONE.TEST";
const TWO: &str = "TWO.TEST";

/// Realms with a user and a service each, which know where the other's hosts are.
fn realms() -> KdcBuilder {
    Kdc::builder()
        .realm(Realm::new(ONE).user("alice", PASSWORD).service("HTTP/web.one.test").host(".two.test", TWO))
        .realm(Realm::new(TWO).user("bob", PASSWORD).service("HTTP/web.two.test").host(".one.test", ONE))
        .trust(ONE, TWO)
        .trust(TWO, ONE)
}

#[test]
fn clients_reach_services_of_the_other_realm() -> Result<()> {
    let kdc = TestKdc::start(realms())?;
    for maker in [Maker::Mit, Maker::Heimdal] {
        for &via in ways(maker) {
            for (user, host, to) in
                [("alice@ONE.TEST", "web.two.test", TWO), ("bob@TWO.TEST", "web.one.test", ONE)]
            {
                let case = || format!("{maker:?} {via:?} {user}");
                let client = kdc.client(maker, via)?;
                // Named with its realm.
                let ccache = client.kinit(user, PASSWORD, &[]).with_context(case)?;
                client.ticket(&ccache, &[], &format!("HTTP/{host}@{to}")).with_context(case)?;
                let listed = client.klist(&ccache)?;
                ensure!(listed.contains(&format!("krbtgt/{to}@")), "{}: {listed}", case());
                // Found by the KDC, whose referral the client follows.
                let ccache = client.kinit(user, PASSWORD, &[]).with_context(case)?;
                let options: (&[&str], String) = match maker {
                    Maker::Mit => (&["-S", "HTTP"], host.into()),
                    Maker::Heimdal => (&["--hostbased", "--canonicalize"], format!("HTTP/{host}")),
                };
                client.ticket(&ccache, options.0, &options.1).with_context(case)?;
            }
        }
    }
    Ok(())
}
