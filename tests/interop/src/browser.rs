//! Browsers without a screen, in a profile of their own: Chromium and Firefox.
//!
//! Both log in through the system's MIT library, to the hosts that they were told to trust with a login.

mod chromium;
mod firefox;
mod marionette;

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::site::Site;
use crate::web::{PROXY, Target, WWW};
use crate::{packages, peer, venv};

/// Whose browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Browser {
    /// Debian's Chromium.
    Chromium,
    /// Debian's Firefox ESR.
    Firefox,
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        })
    }
}

/// What a browser is set up for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup<'a> {
    /// The user's tickets.
    pub ccache: Option<&'a Path>,
    /// Hosts that it logs in to.
    pub allowed: &'a [&'a str],
    /// Hosts that it delegates tickets to.
    pub delegated: &'a [&'a str],
    /// The port of an HTTP proxy at host [`PROXY`].
    pub proxy: Option<u16>,
}

/// A page that a browser has shown.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its document, as the browser writes it.
    pub html: String,
    /// What it looked like, a PNG file that stays after the test.
    pub screenshot: PathBuf,
}

impl Browser {
    /// Starts the browser with a new profile, visits the root page of a server, and ends the browser. The picture is
    /// called after `name`.
    ///
    /// # Errors
    /// A package is missing, the browser fails or does not end, or its picture is none.
    pub fn visit(self, site: &Site, target: &Target, setup: &Setup<'_>, name: &str) -> Result<Page> {
        let screenshot = artefact(&format!("{self}-{name}.png"))?;
        // The last run's would pass for this one's.
        let _ = fs::remove_file(&screenshot);
        let visit = Visit { site, target, setup, screenshot: &screenshot };
        let html = match self {
            Self::Chromium => chromium::visit(&visit)?,
            Self::Firefox => firefox::visit(&visit)?,
        };
        let (width, height) = size(&fs::read(&screenshot).context("the browser's picture")?)?;
        ensure!(width >= 400 && height >= 300, "{} is {width} by {height}", screenshot.display());
        println!("picture of the page: {}", screenshot.display());
        Ok(Page { html, screenshot })
    }
}

struct Visit<'v> {
    site: &'v Site,
    target: &'v Target,
    setup: &'v Setup<'v>,
    screenshot: &'v Path,
}

impl Visit<'_> {
    /// The browser's program, and a home folder of its own.
    fn command(&self, name: &str) -> Result<(Command, PathBuf)> {
        let home = self.site.fresh_path("home");
        fs::create_dir(&home)?;
        let mut command = self.site.command(packages::find(name)?);
        command.env("HOME", &home).env("XDG_RUNTIME_DIR", &home);
        for variable in
            ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "http_proxy", "https_proxy"]
        {
            command.env_remove(variable);
        }
        if let Some(ccache) = self.setup.ccache {
            command.env("KRB5CCNAME", ccache);
        }
        Ok((command, home))
    }

    /// Makes a certificate database that trusts the server's authority.
    fn trust(&self, folder: &Path) -> Result<()> {
        let certutil = |arguments: &[&str]| {
            let mut command = self.site.command(packages::find("certutil")?);
            command.arg("-d").arg(format!("sql:{}", folder.display())).args(arguments);
            Ok::<_, anyhow::Error>(command)
        };
        peer::succeed(&mut certutil(&["-N", "--empty-password"])?, b"")?;
        let mut import = certutil(&["-A", "-n", "interop", "-t", "C,,", "-i"])?;
        peer::succeed(import.arg(self.target.authority()), b"").map(drop)
    }
}

/// The names that stand for this machine.
const HOSTS: [&str; 2] = [WWW, PROXY];

/// A file that stays after the tests, for people to look at.
fn artefact(name: &str) -> Result<PathBuf> {
    let folder = venv::target()?.join("tmp/artefacts");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

/// Width and height of a PNG picture, which begins with its signature and the chunk that says so.
fn size(png: &[u8]) -> Result<(u32, u32)> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR").context("not a PNG picture")?;
    let number = |at: usize| {
        let bytes = header.get(at..at + 4).context("a truncated picture")?;
        Ok::<_, anyhow::Error>(u32::from_be_bytes(bytes.try_into()?))
    };
    Ok((number(0)?, number(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_pictures() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x03\x20\0\0\x02\x58\x08";
        assert_eq!(size(png).unwrap(), (800, 600));
        assert!(size(&png[..20]).is_err());
        assert!(size(b"<html>").is_err());
    }
}
