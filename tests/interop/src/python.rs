//! MIT's GSS-API library behind an [`Endpoint`], by way of Debian's Python module.

use std::path::Path;

use anyhow::Result;

use crate::endpoint::Endpoint;
use crate::packages;
use crate::realm::Realm;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/gssapi_peer.py");

/// Starts an endpoint under the realm's krb5.conf.
///
/// # Errors
/// A package is missing, or Python cannot be started.
pub fn start(realm: &Realm) -> Result<Endpoint> {
    start_with(realm, realm.config())
}

/// Starts an endpoint under another krb5.conf.
///
/// # Errors
/// A package is missing, or Python cannot be started.
pub fn start_with(realm: &Realm, config: &Path) -> Result<Endpoint> {
    packages::find("python3-gssapi")?;
    let mut command = realm.command(packages::find("python3")?);
    // -I keeps modules of the user and of the environment out.
    command.env("KRB5_CONFIG", config).args(["-I", "-u", PROGRAM]);
    Endpoint::start("MIT's library", &mut command, realm.fresh_path("python.log"))
}
