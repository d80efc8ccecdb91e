//! What was tried with one server, and what came of it.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use crate::KdcAddress;

/// How one server was asked, and why that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The server.
    pub server: KdcAddress,
    /// How it was asked; `None` if it came to nothing before.
    pub endpoint: Option<Endpoint>,
    /// Why there is no answer.
    pub reason: Reason,
}

/// Where and how a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// What is spoken.
    pub via: Via,
    /// The address; `None` for a socket of this machine.
    pub address: Option<SocketAddr>,
}

/// What is spoken with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// One datagram each way.
    Udp,
    /// A connection with a length before each message (RFC 4120 section 7.2.2).
    Tcp,
    /// A KDC proxy (MS-KKDCP).
    Https,
    /// A socket of this machine, with lengths as over TCP.
    Socket,
}

/// Why a server gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its name has no address, or could not be looked up.
    NoAddress {
        /// What the system's resolver said.
        text: String,
    },
    /// It takes no connection, or nobody listens on the port.
    Refused,
    /// The system could not send or receive.
    Io {
        /// The kind of the error.
        kind: io::ErrorKind,
        /// The system's words.
        text: String,
    },
    /// It did not take the connection in time.
    NotConnected {
        /// For how long that was tried.
        waited: Duration,
    },
    /// It did not answer in time.
    Silent {
        /// How long after the first question.
        waited: Duration,
        /// How often it was asked.
        sent: u32,
    },
    /// It closed the connection before its answer was complete.
    Closed {
        /// Bytes that came before.
        received: usize,
    },
    /// Its answer is no Kerberos message.
    NotKerberos {
        /// Length of what it sent.
        len: usize,
        /// The first byte of that.
        first: Option<u8>,
    },
    /// It announced a longer answer than is taken.
    TooLong {
        /// The length it announced, or had sent when it was stopped.
        len: u64,
        /// The longest that is taken.
        limit: usize,
    },
    /// It says that the answer is too big for UDP (`KRB_ERR_RESPONSE_TOO_BIG`), and other ways did not work either.
    TooBigForUdp,
    /// It says that it cannot serve now (`KDC_ERR_SVC_UNAVAILABLE`).
    Unavailable,
    /// No encrypted connection could be made: often the certificate.
    Tls {
        /// What is wrong.
        text: String,
    },
    /// The certificates of the authorities for HTTPS could not be read.
    Anchors {
        /// What is wrong.
        text: String,
    },
    /// The proxy's answer is no HTTP.
    Http {
        /// What is wrong.
        text: String,
    },
    /// The proxy said no.
    HttpStatus {
        /// The HTTP status.
        status: u16,
    },
    /// The proxy answered with something else than a KDC proxy's message.
    NotProxyMessage {
        /// Length of what it sent.
        len: usize,
        /// What it says that this is.
        content_type: Option<String>,
    },
    /// The length inside the proxy's message is not that of the message.
    ProxyLength {
        /// The length as stated.
        stated: u32,
        /// The length there is.
        present: usize,
    },
    /// It is reached by a way that is not on offer: UDP only, and the answer is too big for that.
    NoWay,
    /// The time was up before it was its turn.
    NotAsked,
}

impl Reason {
    /// From an error of the system.
    pub(crate) fn io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            kind => Self::Io { kind, text: error.to_string() },
        }
    }

    /// From an error while a reply was read, of which some bytes were there.
    pub(crate) fn read(error: &io::Error, received: usize) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Self::Closed { received },
            _ => Self::io(error),
        }
    }

    /// Whether the server was asked and said nothing.
    pub(crate) const fn is_silence(&self) -> bool {
        matches!(self, Self::NotConnected { .. } | Self::Silent { .. } | Self::NotAsked)
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Https => "HTTPS",
            Self::Socket => "a local socket",
        })
    }
}

/// `10.0.0.1:88 by UDP`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{address} by {}", self.via),
            None => write!(f, "{}", self.via),
        }
    }
}

/// `kdc1.example.com:88 (10.0.0.1:88 by UDP): no answer within 17.0 s, asked 3 times`.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.server)?;
        if let Some(endpoint) = self.endpoint {
            write!(f, " ({endpoint})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress { text } => write!(f, "no address for its name ({text})"),
            Self::Refused => f.write_str("refused: nothing listens there"),
            Self::Io { text, .. } | Self::Http { text } => f.write_str(text),
            Self::NotConnected { waited } => write!(f, "no connection within {}", Seconds(*waited)),
            Self::Silent { waited, sent: 1 } => write!(f, "no answer within {}", Seconds(*waited)),
            Self::Silent { waited, sent } => {
                write!(f, "no answer within {}, asked {sent} times", Seconds(*waited))
            }
            Self::Closed { received: 0 } => f.write_str("closed the connection without an answer"),
            Self::Closed { received } => write!(f, "closed the connection after {received} bytes"),
            Self::NotKerberos { len, first: None } => {
                write!(f, "answered with {len} bytes, which are no Kerberos message")
            }
            Self::NotKerberos { len, first: Some(first) } => {
                write!(
                    f,
                    "answered with {len} bytes that begin with 0x{first:02x}, which are no Kerberos message"
                )
            }
            Self::TooLong { len, limit } => {
                write!(f, "announced an answer of {len} bytes; at most {limit} are taken")
            }
            Self::TooBigForUdp => f.write_str("the answer is too big for UDP"),
            Self::Unavailable => f.write_str("says that it cannot serve now (KDC_ERR_SVC_UNAVAILABLE)"),
            Self::Tls { text } => write!(f, "no TLS connection: {text}"),
            Self::Anchors { text } => write!(f, "no certification authorities: {text}"),
            Self::HttpStatus { status } => write!(f, "HTTP status {status}{}", status_hint(*status)),
            Self::NotProxyMessage { len, content_type } => {
                let content_type = content_type.as_deref().unwrap_or("no content type");
                write!(f, "answered with {len} bytes ({content_type}), which are no message of a KDC proxy")
            }
            Self::ProxyLength { stated, present } => {
                write!(f, "passed on {present} bytes and stated a length of {stated}")
            }
            Self::NoWay => f.write_str("reached by UDP only, for which the answer is too big"),
            Self::NotAsked => f.write_str("not asked, the time was up"),
        }
    }
}

/// What a proxy's HTTP status means (MS-KKDCP section 3.2.5; the rest as kdcproxy answers).
const fn status_hint(status: u16) -> &'static str {
    match status {
        300..=399 => ": redirects are not followed, use the final address",
        401 | 407 => ": the proxy wants a login of its own",
        403 => ": the proxy does not let this request pass",
        404 | 405 => ": no KDC proxy at this path",
        413 => ": the request is too big for the proxy",
        503 => ": the proxy reaches no KDC of the realm",
        _ => "",
    }
}

/// With one digit after the point.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}
