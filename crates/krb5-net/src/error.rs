//! Why no KDC answered.

use core::fmt;
use core::time::Duration;
use std::io;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_client::Service;
use krb5_files::config::ValueError;

use crate::attempt::Seconds;
use crate::{Attempt, Origin, Reason};

/// Why a request got no answer from any server of its realm.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransportError {
    /// The realm's name is empty, or has characters that no name has.
    RealmName {
        /// The name.
        realm: String,
    },
    /// What a configuration file says about the realm's servers cannot be used.
    Config(ValueError),
    /// No server of the realm is known.
    NoServer {
        /// The realm.
        realm: String,
        /// What was looked for.
        service: Service,
        /// Where, and what was found there.
        looked: Vec<String>,
    },
    /// All servers were asked, or the time was up, and none answered.
    NoAnswer {
        /// The realm.
        realm: String,
        /// What was asked for.
        service: Service,
        /// Where the servers' names come from.
        origin: Origin,
        /// Each server and why it gave no answer.
        attempts: Vec<Attempt>,
        /// How long it took.
        elapsed: Duration,
    },
    /// The system gave no means to wait for answers.
    Runtime(io::Error),
    /// Another transport than this crate's failed.
    Other(Box<dyn core::error::Error + Send + Sync>),
}

/// What an error says of the attempts as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Some server says that it cannot serve now.
    Unavailable,
    /// Some server was asked and said nothing.
    Silent,
    /// Some server answered with something else than Kerberos.
    Garbage,
    /// None could be reached.
    Unreachable,
}

impl TransportError {
    /// What was tried; empty where it did not come to that.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::NoAnswer { attempts, .. } => attempts,
            _ => &[],
        }
    }

    fn verdict(attempts: &[Attempt]) -> Verdict {
        let any = |is: fn(&Reason) -> bool| attempts.iter().any(|attempt| is(&attempt.reason));
        if any(|reason| matches!(reason, Reason::Unavailable)) {
            Verdict::Unavailable
        } else if any(Reason::is_silence) {
            Verdict::Silent
        } else if any(|reason| {
            matches!(
                reason,
                Reason::NotKerberos { .. }
                    | Reason::TooLong { .. }
                    | Reason::Closed { .. }
                    | Reason::NotProxyMessage { .. }
                    | Reason::ProxyLength { .. }
            )
        }) {
            Verdict::Garbage
        } else {
            Verdict::Unreachable
        }
    }
}

impl Verdict {
    const fn advice(self) -> &'static str {
        match self {
            Self::Unavailable => "try again later, or ask the realm's administrator",
            Self::Silent => {
                "check that the servers run and that no firewall on the way drops the port, by UDP and by TCP"
            }
            Self::Garbage => "check that these are KDCs: host, port and path",
            Self::Unreachable => "check the names and ports of the servers, and that they run",
        }
    }
}

/// What servers of a service are called.
const fn kind_of(service: Service) -> &'static str {
    match service {
        Service::Kdc => "KDC",
        Service::PrimaryKdc => "primary KDC",
        Service::Kpasswd => "password server",
    }
}

/// As many attempts as a message shows.
const SHOWN: usize = 8;

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealmName { realm } => {
                write!(f, "{realm:?} is no name of a realm; expected something like EXAMPLE.COM")
            }
            Self::Config(error) => error.fmt(f),
            Self::NoServer { realm, service, looked } => {
                write!(f, "no {} of realm {realm} is known", kind_of(*service))?;
                for (index, place) in looked.iter().enumerate() {
                    write!(f, "{}{place}", if index == 0 { " (" } else { "; " })?;
                }
                write!(
                    f,
                    "{}; check the realm's name, or name its servers in [realms] of krb5.conf",
                    if looked.is_empty() { "" } else { ")" }
                )
            }
            Self::NoAnswer { realm, service, origin, attempts, elapsed } => {
                let (kind, elapsed) = (kind_of(*service), Seconds(*elapsed));
                write!(f, "no {kind} of realm {realm} answered within {elapsed} (named by {origin})")?;
                for (index, attempt) in attempts.iter().take(SHOWN).enumerate() {
                    write!(f, "{} {attempt}", if index == 0 { ":" } else { ";" })?;
                }
                if attempts.len() > SHOWN {
                    write!(f, "; and {} more", attempts.len() - SHOWN)?;
                }
                write!(f, "; {}", Self::verdict(attempts).advice())
            }
            Self::Runtime(error) => write!(f, "the system gives no means to wait for a KDC: {error}"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Runtime(error) => Some(error),
            Self::Other(error) => error.source(),
            Self::RealmName { .. } | Self::NoServer { .. } | Self::NoAnswer { .. } => None,
        }
    }
}

impl From<ValueError> for TransportError {
    fn from(error: ValueError) -> Self {
        Self::Config(error)
    }
}

impl Diagnose for TransportError {
    fn blame(&self) -> Blame {
        match self {
            Self::RealmName { .. } => Blame::Caller,
            Self::NoAnswer { attempts, .. } => match Self::verdict(attempts) {
                Verdict::Unavailable => Blame::PeerRefused,
                Verdict::Garbage => Blame::Peer,
                Verdict::Silent | Verdict::Unreachable => Blame::Environment,
            },
            Self::Config(_) | Self::NoServer { .. } | Self::Runtime(_) | Self::Other(_) => Blame::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::RealmName { .. } => "realm_name_invalid",
            Self::Config(error) => error.code(),
            Self::NoServer { .. } => "kdc_unknown",
            Self::NoAnswer { attempts, .. } => match Self::verdict(attempts) {
                Verdict::Unavailable => "kdc_unavailable",
                Verdict::Silent => "kdc_silent",
                Verdict::Garbage => "kdc_answer_no_kerberos",
                Verdict::Unreachable => "kdc_unreachable",
            },
            Self::Runtime(_) => "no_runtime",
            Self::Other(_) => "transport_failed",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }

    /// `KDC_ERR_SVC_UNAVAILABLE` where a KDC said so.
    fn minor(&self) -> Option<i32> {
        let unavailable = matches!(self, Self::NoAnswer { attempts, .. }
            if Self::verdict(attempts) == Verdict::Unavailable);
        unavailable.then_some(krb5_asn1::ErrorCode::KDC_ERR_SVC_UNAVAILABLE.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, KdcAddress, Via};

    fn no_answer(reasons: Vec<Reason>) -> TransportError {
        let endpoint = Some(Endpoint { via: Via::Tcp, address: Some(([192, 0, 2, 1], 88).into()) });
        let server = KdcAddress::host("kdc1.example.com", 88);
        let attempt = |reason| Attempt { server: server.clone(), endpoint, reason };
        TransportError::NoAnswer {
            realm: "EXAMPLE.COM".into(),
            service: Service::Kdc,
            origin: Origin::File { file: "krb5.conf".into(), line: 7 },
            attempts: reasons.into_iter().map(attempt).collect(),
            elapsed: Duration::from_millis(1250),
        }
    }

    #[test]
    fn each_kind_of_failure_has_its_word_and_its_advice() {
        let silent = || Reason::Silent { waited: Duration::from_secs(1), sent: 1 };
        let rubbish = || Reason::NotKerberos { len: 4, first: Some(b'H') };
        for (reasons, code, blame, advice) in [
            (
                vec![Reason::Refused, rubbish(), silent(), Reason::Unavailable],
                "kdc_unavailable",
                Blame::PeerRefused,
                "later",
            ),
            (vec![Reason::Refused, rubbish(), silent()], "kdc_silent", Blame::Environment, "firewall"),
            (vec![Reason::Refused, rubbish()], "kdc_answer_no_kerberos", Blame::Peer, "are KDCs"),
            (vec![Reason::Refused], "kdc_unreachable", Blame::Environment, "names and ports"),
        ] {
            let error = no_answer(reasons);
            assert_eq!((error.code(), error.blame()), (code, blame));
            assert!(error.to_string().contains(advice), "{error}");
            assert_eq!(error.minor(), (code == "kdc_unavailable").then_some(29));
        }
    }

    #[test]
    fn the_message_names_every_server_and_how_it_failed() {
        let text = no_answer(vec![Reason::Refused, Reason::Closed { received: 3 }]).to_string();
        assert_eq!(
            text,
            "no KDC of realm EXAMPLE.COM answered within 1.2 s (named by krb5.conf:7): \
             kdc1.example.com:88 (192.0.2.1:88 by TCP): refused: nothing listens there; \
             kdc1.example.com:88 (192.0.2.1:88 by TCP): closed the connection after 3 bytes; \
             check that these are KDCs: host, port and path"
        );
    }

    #[test]
    fn long_lists_are_cut_short_in_the_message_only() {
        let error = no_answer(vec![Reason::Refused; SHOWN + 5]);
        assert!(error.to_string().contains("; and 5 more; "), "{error}");
        assert_eq!(error.attempts().len(), SHOWN + 5);
    }
}
