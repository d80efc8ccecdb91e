//! The peers written in Python, as endpoints: MIT's GSS-API library by way of Debian's module, with gss-ntlmssp as its
//! NTLM; pyspnego; impacket.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::endpoint::Endpoint;
use crate::site::Site;
use crate::{packages, venv};

pub(crate) const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// Starts an endpoint under the site's krb5.conf.
///
/// # Errors
/// A package is missing, or Python cannot be started.
pub fn start(site: &impl AsRef<Site>) -> Result<Endpoint> {
    packages::find("python3-gssapi")?;
    endpoint(site.as_ref(), "MIT's library", &packages::find("python3")?, "gssapi_peer.py", &[])
}

/// Starts an endpoint under another krb5.conf.
///
/// # Errors
/// A package is missing, or Python cannot be started.
pub fn start_with(site: &impl AsRef<Site>, config: &Path) -> Result<Endpoint> {
    packages::find("python3-gssapi")?;
    let mut command = command(site.as_ref(), &packages::find("python3")?, "gssapi_peer.py");
    command.env("KRB5_CONFIG", config);
    Endpoint::start("MIT's library", &mut command, site.as_ref().fresh_path("python.log"))
}

/// Starts pyspnego, which plays both roles of NTLM, raw and in its own SPNEGO.
///
/// # Errors
/// The virtual environment is missing, or Python cannot be started.
pub fn pyspnego(site: &impl AsRef<Site>) -> Result<Endpoint> {
    endpoint(site.as_ref(), "pyspnego", &venv::python()?, "pyspnego_peer.py", &[])
}

/// Starts impacket, which plays the initiator of NTLM.
///
/// # Errors
/// The virtual environment is missing, or Python cannot be started.
pub fn impacket(site: &impl AsRef<Site>) -> Result<Endpoint> {
    endpoint(site.as_ref(), "impacket", &venv::python()?, "impacket_peer.py", &[])
}

/// Starts a program of the folder `peers` as an endpoint.
pub(crate) fn endpoint(
    site: &Site,
    name: &'static str,
    python: &Path,
    program: &str,
    arguments: &[&OsStr],
) -> Result<Endpoint> {
    let mut command = command(site, python, program);
    command.args(arguments);
    Endpoint::start(name, &mut command, site.fresh_path(&format!("{program}.log")))
}

/// A program of the folder `peers`. -I keeps modules of the user and of the environment out, -B compiled ones from
/// being written.
pub(crate) fn command(site: &Site, python: &Path, program: &str) -> Command {
    let mut command = site.command(python);
    command.args(["-I", "-B", "-u"]).arg(Path::new(PROGRAMS).join(program));
    command
}
