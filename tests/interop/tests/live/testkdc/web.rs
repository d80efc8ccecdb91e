//! curl and our server, with tickets and keys from our KDC.

use anyhow::{Result, ensure};
use interop::kdc::client::Maker;
use interop::{curl, gssctl};
use krb5_testkdc::serve::Via;
use krb5_testkdc::{Domain, PacStyle, Realm};

use super::{PASSWORD, SERVICE, USER, realm, start};

#[test]
fn curl_to_our_server() -> Result<()> {
    for pac in [PacStyle::None, PacStyle::Minimal, PacStyle::Domain(Domain::new("SOCKET"))] {
        let mut kdc = start(Realm { pac: pac.clone(), ..realm() })?;
        kdc.point_programs_here(Via::Udp)?;
        let ccache = kdc.client(Maker::Mit, Via::Udp)?.kinit(USER, PASSWORD, &[])?;
        let server = gssctl::Server::start(kdc.site(), &kdc.keytab_file(SERVICE)?, &[])?;
        let fetched = curl::negotiate(kdc.site(), Some(&ccache), &[&server.url()])?;
        ensure!(fetched.last()?.status == 200, "{pac:?}: {fetched:?}\n{}", server.log_tail());
        ensure!(fetched.body.contains(USER), "{pac:?}: {fetched:?}");
        ensure!(fetched.last()?.negotiate_token()?.is_some(), "{pac:?}: {fetched:?}");

        let refused = curl::negotiate(kdc.site(), None, &[&server.url()])?;
        ensure!(refused.last()?.status == 401, "{refused:?}");
    }
    Ok(())
}
