//! Requests, as they come over the wire. Fields that nobody knows are ignored, so that callers may add their own.

use super::text::{Base64, Hex, Instant};
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
    NtlmVerify {},
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
    pub(super) skew: Option<u32>,
    pub(super) channel_bindings: Option<Hex>,
    #[serde(default)]
    pub(super) cb_policy: CbPolicy,
    #[serde(default = "yes")]
    pub(super) replay_cache: bool,
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

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CbPolicy {
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

fn krb5() -> Vec<String> {
    vec!["krb5".into()]
}
