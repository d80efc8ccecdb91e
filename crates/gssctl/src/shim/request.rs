//! Requests, as they come over the wire. Fields that nobody knows are ignored, so that callers may add their own.

use super::text::{Base64, Hex, Instant, Secret};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Request {
    Acceptor(Box<Acceptor>),
    Initiator(Box<Initiator>),
    Step {
        #[serde(default)]
        token: Base64,
    },
    Wrap {
        data: Hex,
        #[serde(default = "yes")]
        conf: bool,
    },
    Unwrap {
        token: Base64,
    },
    GetMic {
        data: Hex,
    },
    VerifyMic {
        data: Hex,
        token: Base64,
    },
    SessionKey {},
    /// Writes the delegated tickets to a FILE ccache.
    Delegated {
        ccache: PathBuf,
    },
    ImportKrb5(ImportKrb5),
    NtlmVerify(Box<NtlmVerify>),
}

#[derive(Deserialize)]
pub(super) struct Acceptor {
    #[serde(default)]
    pub(super) framing: Framing,
    #[serde(default = "krb5")]
    pub(super) mechs: Vec<String>,
    pub(super) keytab: Option<PathBuf>,
    pub(super) principal: Option<String>,
    pub(super) now: Option<Instant>,
    /// Seconds. Kerberos has a default; NTLM does not look at the client's clock unless this is given.
    pub(super) skew: Option<u32>,
    pub(super) channel_bindings: Option<Hex>,
    #[serde(default)]
    pub(super) cb_policy: Policy,
    #[serde(default = "yes")]
    pub(super) replay_cache: bool,
    #[serde(default)]
    pub(super) allow: Vec<String>,
    #[serde(flatten)]
    pub(super) ntlm: NtlmServer,
    /// NTLM without a connection: the acceptor speaks first.
    #[serde(default)]
    pub(super) datagram: bool,
}

/// Names and users of an NTLM acceptor.
#[derive(Deserialize)]
pub(super) struct NtlmServer {
    #[serde(default)]
    pub(super) users: Vec<User>,
    /// The service that clients have to mean, like `HTTP/host`.
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) target_policy: Policy,
    /// The server's NetBIOS name.
    #[serde(default = "server")]
    pub(super) computer: String,
    /// The NetBIOS name of its domain.
    pub(super) domain_name: Option<String>,
    pub(super) dns_computer: Option<String>,
    pub(super) dns_domain: Option<String>,
    pub(super) dns_tree: Option<String>,
}

/// A user that an NTLM acceptor lets in. Without a domain, whichever the client gives.
#[derive(Deserialize)]
pub(super) struct User {
    pub(super) user: String,
    pub(super) domain: Option<String>,
    #[serde(flatten)]
    pub(super) secret: Password,
}

/// A password, or its hash.
#[derive(Deserialize)]
pub(super) struct Password {
    pub(super) password: Option<Secret>,
    /// 16 bytes of MD4.
    pub(super) nt_hash: Option<Hex>,
}

/// Three recorded messages.
#[derive(Deserialize)]
pub(super) struct NtlmVerify {
    /// Empty where the acceptor spoke first (datagrams).
    #[serde(default)]
    pub(super) negotiate: Base64,
    pub(super) challenge: Base64,
    pub(super) authenticate: Base64,
    #[serde(flatten)]
    pub(super) server: NtlmServer,
    pub(super) now: Option<Instant>,
    pub(super) skew: Option<u32>,
    pub(super) channel_bindings: Option<Hex>,
    #[serde(default)]
    pub(super) cb_policy: Policy,
    #[serde(default)]
    pub(super) allow: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Initiator {
    #[serde(default)]
    pub(super) framing: Framing,
    #[serde(default = "krb5")]
    pub(super) mechs: Vec<String>,
    pub(super) target: String,
    pub(super) ccache: Option<PathBuf>,
    /// The default flags of the library when absent.
    pub(super) flags: Option<Vec<String>>,
    /// The same as flag `deleg`.
    #[serde(default)]
    pub(super) delegate: bool,
    pub(super) now: Option<Instant>,
    pub(super) channel_bindings: Option<Hex>,
    #[serde(default)]
    pub(super) allow: Vec<String>,
    /// The user of an NTLM logon, alone or as `DOMAIN\user`.
    pub(super) user: Option<String>,
    pub(super) domain: Option<String>,
    #[serde(flatten)]
    pub(super) secret: Password,
    /// The name of the client's computer.
    #[serde(default)]
    pub(super) workstation: String,
    /// NTLM without a connection: the acceptor speaks first.
    #[serde(default)]
    pub(super) datagram: bool,
    #[serde(flatten)]
    pub(super) tickets: Tickets,
}

/// Where a Kerberos initiator gets the tickets from that it does not have.
#[derive(Deserialize)]
pub(super) struct Tickets {
    /// Who logs in with the field `password` or with `keytab`, in place of a credential cache: `name` or `name@REALM`.
    /// The fields `user` and `domain` are NTLM's.
    pub(super) principal: Option<String>,
    /// A file with the principal's keys.
    pub(super) keytab: Option<PathBuf>,
    /// The KDCs to ask, in place of those of krb5.conf and DNS: `host`, `host:port`, `tcp/host`, `https://host/path`.
    #[serde(default)]
    pub(super) kdc: OneOrMore,
    /// Certificate authorities (PEM) to believe where a KDC is asked over https.
    pub(super) kdc_cacert: Option<PathBuf>,
    /// Seconds to wait for an answer.
    pub(super) kdc_timeout: Option<u64>,
    /// Enctypes to ask for, best first, by name or number.
    pub(super) enctypes: Option<Vec<String>>,
    /// A credential cache with the ticket-granting ticket that protects the login (FAST).
    pub(super) fast_ccache: Option<String>,
}

/// One text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(super) fn to_vec(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::More(texts) => texts.clone(),
        }
    }
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

#[derive(Deserialize)]
pub(super) struct ImportKrb5 {
    pub(super) role: Role,
    pub(super) etype: i32,
    pub(super) key: Hex,
    #[serde(default)]
    pub(super) acceptor_subkey: bool,
    #[serde(default)]
    pub(super) send_seq: u64,
    #[serde(default)]
    pub(super) recv_seq: u64,
    #[serde(default)]
    pub(super) flags: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Framing {
    #[default]
    Spnego,
    Raw,
    Any,
}

/// What to do with channel bindings, or the name of the service, that a client sends.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Policy {
    Ignore,
    #[default]
    Verify,
    Require,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Initiator,
    Acceptor,
}

fn yes() -> bool {
    true
}

fn server() -> String {
    "SERVER".into()
}

fn krb5() -> Vec<String> {
    vec!["krb5".into()]
}
