//! The sockets of our own KDC, as the stock clients are told of them.

use std::fs;

use anyhow::Result;
use krb5_testkdc::serve::{ClientConfig, Running, Via};

use crate::kdc::client::{Client, Maker};
use crate::site::Site;

/// The krb5.conf of clients that come by this way, with the authority of the proxy's certificate.
///
/// # Errors
/// The authority's certificate cannot be written.
pub fn config(site: &Site, running: &Running, via: Via) -> Result<ClientConfig> {
    let anchors = site.fresh_path("ca.pem");
    fs::write(&anchors, running.ca_pem())?;
    // What the KDC offers is for a test to say, not for the clients' defaults.
    Ok(running
        .client_config(via)
        .anchors(anchors)
        .libdefault("allow_weak_crypto", "true")
        .libdefault("allow_rc4", "true"))
}

/// The stock programs of a maker, which come by this way.
///
/// # Errors
/// A file cannot be written.
pub fn client<'s>(maker: Maker, site: &'s Site, running: &Running, via: Via) -> Result<Client<'s>> {
    Client::with_profile(maker, site, &config(site, running, via)?.to_string())
}
