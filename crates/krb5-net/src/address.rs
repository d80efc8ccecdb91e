//! Where one server of a realm is, without a file behind it.

use core::fmt;
use core::net::SocketAddr;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_client::Service;
use krb5_files::config::{self, Server, Transport, ValueErrorKind};

/// A server of a realm: a host and a port, an HTTPS proxy (MS-KKDCP) or a socket of this machine.
///
/// `Display` and [`parse`](Self::parse) use the form of krb5.conf.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KdcAddress {
    /// A host and a port, by UDP, TCP or both.
    Host {
        /// What is spoken.
        transport: Transport,
        /// A name or an address, IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A KDC proxy: `https://host:port/path`.
    Https {
        /// A name or an address, IPv6 without brackets. The proxy's certificate has to be for it.
        host: String,
        /// The port.
        port: u16,
        /// The path without its leading slash.
        path: String,
    },
    /// A socket of this machine, by its path. What is spoken is as over TCP.
    Socket {
        /// The path.
        path: String,
    },
}

impl KdcAddress {
    /// A host by UDP or TCP, by the size of messages.
    #[must_use]
    pub fn host(host: impl Into<String>, port: u16) -> Self {
        Self::Host { transport: Transport::Any, host: host.into(), port }
    }

    /// A host by UDP only. Answers that are too big for UDP are lost then.
    #[must_use]
    pub fn udp(host: impl Into<String>, port: u16) -> Self {
        Self::Host { transport: Transport::Udp, host: host.into(), port }
    }

    /// A host by TCP only.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Host { transport: Transport::Tcp, host: host.into(), port }
    }

    /// Reads what krb5.conf writes: `host`, `host:port`, `[address]:port`, `tcp/host`, `udp/host`,
    /// `https://host/path` or an absolute path. The service gives the port where none is stated.
    ///
    /// # Errors
    /// There is no host, or the port is no number up to 65535, or something follows behind a blank.
    pub fn parse(text: &str, service: Service) -> Result<Self, AddressError> {
        let error = |kind| AddressError { text: text.into(), kind };
        let (server, rest) = Server::parse(text, file_service(service)).map_err(|kind| match kind {
            ValueErrorKind::Port => error(AddressErrorKind::Port),
            _ => error(AddressErrorKind::NoHost),
        })?;
        if rest.is_empty() { Ok(server.into()) } else { Err(error(AddressErrorKind::Trailing)) }
    }

    /// The host's name or address; `None` for a socket of this machine.
    #[must_use]
    pub fn host_name(&self) -> Option<&str> {
        match self {
            Self::Host { host, .. } | Self::Https { host, .. } => Some(host),
            Self::Socket { .. } => None,
        }
    }

    /// The port; `None` for a socket of this machine.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Host { port, .. } | Self::Https { port, .. } => Some(*port),
            Self::Socket { .. } => None,
        }
    }

    /// The same host for another service: where passwords are changed if nobody says otherwise. A proxy serves all.
    pub(crate) fn for_kpasswd(&self) -> Self {
        match self {
            Self::Host { host, .. } => Self::host(host.clone(), config::Service::Kpasswd.default_port()),
            other => other.clone(),
        }
    }
}

/// The service as krb5.conf's grammar knows it.
pub(crate) const fn file_service(service: Service) -> config::Service {
    match service {
        Service::Kdc | Service::PrimaryKdc => config::Service::Kdc,
        Service::Kpasswd => config::Service::Kpasswd,
    }
}

impl From<Server<'_>> for KdcAddress {
    fn from(server: Server<'_>) -> Self {
        match server {
            Server::Host { transport, host, port } => Self::Host { transport, host: host.into(), port },
            Server::Https { host, port, path } => Self::Https { host: host.into(), port, path: path.into() },
            Server::Socket { path } => Self::Socket { path: path.into() },
        }
    }
}

impl From<SocketAddr> for KdcAddress {
    /// By UDP or TCP, by the size of messages.
    fn from(address: SocketAddr) -> Self {
        Self::host(address.ip().to_string(), address.port())
    }
}

/// As krb5.conf writes it, with the port.
impl fmt::Display for KdcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { transport, host, port } => {
                Server::Host { transport: *transport, host, port: *port }.fmt(f)
            }
            Self::Https { host, port, path } => Server::Https { host, port: *port, path }.fmt(f),
            Self::Socket { path } => Server::Socket { path }.fmt(f),
        }
    }
}

/// A text that names no server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// The text.
    pub text: String,
    /// The rule that it breaks.
    pub kind: AddressErrorKind,
}

/// The rules that the text of a server can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressErrorKind {
    /// There is no host name.
    NoHost,
    /// The port is no number up to 65535.
    Port,
    /// Something follows behind a blank.
    Trailing,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            AddressErrorKind::NoHost => "no host name",
            AddressErrorKind::Port => "a port that is no number up to 65535",
            AddressErrorKind::Trailing => "more than one word",
        };
        let text = &self.text;
        write!(
            f,
            "{text:?} has {what}; expected host, host:port, [address]:port, https://host/path or /socket"
        )
    }
}

impl core::error::Error for AddressError {}

impl Diagnose for AddressError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        match self.kind {
            AddressErrorKind::NoHost => "kdc_address_without_host",
            AddressErrorKind::Port => "kdc_address_port",
            AddressErrorKind::Trailing => "kdc_address_trailing_text",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_form_of_krb5_conf() {
        for (text, written) in [
            ("kdc1.example.com", "kdc1.example.com:88"),
            ("tcp/kdc1", "tcp/kdc1:88"),
            ("[::1]:750", "[::1]:750"),
            ("https://proxy.example.com/KdcProxy", "https://proxy.example.com:443/KdcProxy"),
            ("/run/kdc.sock", "/run/kdc.sock"),
        ] {
            let address = KdcAddress::parse(text, Service::Kdc).unwrap();
            assert_eq!(address.to_string(), written);
            assert_eq!(KdcAddress::parse(written, Service::Kdc).unwrap(), address);
        }
        assert_eq!(KdcAddress::parse("a", Service::Kpasswd).unwrap().port(), Some(464));
        assert_eq!(KdcAddress::from(SocketAddr::from(([127, 0, 0, 1], 5))).to_string(), "127.0.0.1:5");
    }

    #[test]
    fn refuses_what_names_no_server() {
        for (text, kind) in [
            ("", AddressErrorKind::NoHost),
            (":88", AddressErrorKind::NoHost),
            ("host:99999", AddressErrorKind::Port),
            ("host more", AddressErrorKind::Trailing),
        ] {
            let error = KdcAddress::parse(text, Service::Kdc).unwrap_err();
            assert_eq!(error.kind, kind, "{text:?}");
            assert!(error.to_string().contains("expected host"), "{error}");
        }
    }

    #[test]
    fn the_same_host_changes_passwords() {
        assert_eq!(KdcAddress::tcp("kdc", 749).for_kpasswd(), KdcAddress::host("kdc", 464));
        let proxy = KdcAddress::parse("https://p/KdcProxy", Service::Kdc).unwrap();
        assert_eq!(proxy.for_kpasswd(), proxy);
    }
}
