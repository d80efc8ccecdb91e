//! The peers written in Python, as endpoints: MIT's GSS-API library by way of Debian's module, with gss-ntlmssp as its
//! NTLM; pyspnego; impacket. And requests with requests-gssapi, an HTTP client.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::json;

use crate::endpoint::Endpoint;
use crate::site::Site;
use crate::web::Target;
use crate::{packages, peer, venv};

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

/// How requests-gssapi logs in.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    /// Pages without the server's proof are an error.
    pub mutual: bool,
    /// The login is bound to the channel (tls-server-end-point).
    pub channel_bindings: bool,
    /// The first request has a token already.
    pub preemptive: bool,
    /// How often the page is fetched, in one session.
    pub count: usize,
}

impl Default for Requests {
    /// One page, whose server has to prove itself.
    fn default() -> Self {
        Self { mutual: true, channel_bindings: false, preemptive: false, count: 1 }
    }
}

/// What requests says: statuses and pages, or an exception's name and text.
pub type Requested = Result<Vec<(u16, String)>, (String, String)>;

/// Fetches the root page of a server with requests and requests-gssapi, as text.
///
/// # Errors
/// A package or the virtual environment is missing, or Python fails otherwise than by an exception of requests.
pub fn requests(site: &Site, target: &Target, ccache: Option<&Path>, how: &Requests) -> Result<Requested> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Pages { pages: Vec<(u16, String)> },
        Error { error: String, text: String },
    }
    packages::find("python3-gssapi")?;
    let mut command = command(site, &venv::python()?, "requests_peer.py");
    if let Some(ccache) = ccache {
        command.env("KRB5CCNAME", ccache);
    }
    let wanted = json!({
        "url": target.url(),
        "authority": target.authority(),
        "mutual": if how.mutual { "REQUIRED" } else { "DISABLED" },
        "channel_bindings": how.channel_bindings,
        "preemptive": how.preemptive,
        "count": how.count,
    });
    let output = peer::succeed(&mut command, wanted.to_string().as_bytes())?;
    Ok(match serde_json::from_str(&output).with_context(|| format!("Python says {output:?}"))? {
        Said::Pages { pages } => Ok(pages),
        Said::Error { error, text } => Err((error, text)),
    })
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
