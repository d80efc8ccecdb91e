//! The requests that make an endpoint an initiator or an acceptor.

use std::path::Path;

use serde::Serialize;

use crate::text;

/// Flags that an initiator asks for unless a test says otherwise, without mutual authentication.
pub const STANDARD_FLAGS: &[&str] = &["replay", "sequence", "conf", "integ"];

/// How tokens are framed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// The mechanism's own tokens.
    Raw,
    /// SPNEGO around them.
    Spnego,
    /// Whichever of the two the initiator sends; acceptors only.
    Any,
    /// IAKERB around Kerberos; MIT's only.
    Iakerb,
}

/// What becomes of channel bindings at an acceptor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CbPolicy {
    /// Not looked at.
    Ignore,
    /// Must match when the initiator sent some.
    Verify,
    /// Must match.
    Require,
}

/// A user that NTLM logs in.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// The account's name.
    pub user: String,
    /// Its domain.
    pub domain: String,
    /// The password, unless only its hash is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// MD4 of the password, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nt_hash: Option<String>,
}

impl User {
    /// A user with a password.
    pub fn new(domain: &str, user: &str, password: &str) -> Self {
        Self { user: user.into(), domain: domain.into(), password: Some(password.into()), nt_hash: None }
    }

    /// How an acceptor calls it.
    pub fn full_name(&self) -> String {
        format!("{}\\{}", self.domain, self.user)
    }
}

/// The request that makes an endpoint an initiator. Absent fields are left to the program's defaults.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "op", rename = "initiator")]
pub struct Initiator {
    /// How tokens are framed.
    pub framing: Framing,
    /// Mechanisms offered.
    pub mechs: Vec<&'static str>,
    /// Host-based name of the acceptor.
    pub target: String,
    /// FILE ccache with the service ticket, and the TGT when it is to be delegated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ccache: Option<String>,
    /// The user's name, where there is no ccache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Flags asked for.
    pub flags: Vec<&'static str>,
    /// Clock, in RFC 3339; the system's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Application data of the channel bindings, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_bindings: Option<String>,
    /// Names of weak parts that are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<&'static str>,
    /// NTLM without a connection: the acceptor speaks first.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub datagram: bool,
}

impl Initiator {
    /// Kerberos with [`STANDARD_FLAGS`] towards the realm's service.
    pub fn new(framing: Framing, ccache: &Path) -> Self {
        Self { ccache: Some(ccache.display().to_string()), ..Self::without_credential(framing) }
    }

    /// IAKERB with [`STANDARD_FLAGS`] towards the realm's service, for the realm's user.
    pub fn iakerb(password: &str) -> Self {
        Self {
            user: Some(crate::realm::USER.into()),
            password: Some(password.into()),
            ..Self::without_credential(Framing::Iakerb)
        }
    }

    /// NTLM with [`STANDARD_FLAGS`] towards the realm's service.
    pub fn ntlm(framing: Framing, user: &User) -> Self {
        Self { mechs: vec!["ntlm"], ..Self::without_credential(framing) }.login(user)
    }

    /// Kerberos first and NTLM after it, in SPNEGO.
    pub fn krb5_or_ntlm(ccache: &Path, user: &User) -> Self {
        Self { mechs: vec!["krb5", "ntlm"], ..Self::new(Framing::Spnego, ccache) }.login(user)
    }

    /// NTLM with [`STANDARD_FLAGS`] for nobody in particular.
    pub fn ntlm_anonymous(framing: Framing) -> Self {
        Self { mechs: vec!["ntlm"], ..Self::without_credential(framing) }
    }

    fn login(self, user: &User) -> Self {
        Self {
            user: Some(user.user.clone()),
            domain: Some(user.domain.clone()),
            password: user.password.clone(),
            ..self
        }
    }

    /// Sets the host-based name of the acceptor.
    #[must_use]
    pub fn to(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// Asks for these flags and no others.
    #[must_use]
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags = flags.to_vec();
        self
    }

    fn without_credential(framing: Framing) -> Self {
        Self {
            framing,
            mechs: vec!["krb5"],
            target: crate::realm::SERVICE.into(),
            ccache: None,
            user: None,
            domain: None,
            password: None,
            flags: STANDARD_FLAGS.to_vec(),
            now: None,
            channel_bindings: None,
            allow: Vec::new(),
            datagram: false,
        }
    }

    /// Asks for one more flag.
    #[must_use]
    pub fn flag(mut self, flag: &'static str) -> Self {
        self.flags.push(flag);
        self
    }

    /// Sets the application data of the channel bindings.
    #[must_use]
    pub fn bound_to(mut self, data: &[u8]) -> Self {
        self.channel_bindings = Some(text::hex(data));
        self
    }

    /// Allows a weak part by name.
    #[must_use]
    pub fn allow(mut self, part: &'static str) -> Self {
        self.allow.push(part);
        self
    }

    /// Lets the acceptor speak first, without a NEGOTIATE message: NTLM for datagrams.
    #[must_use]
    pub fn datagram(mut self) -> Self {
        self.datagram = true;
        self
    }

    /// Sets the clock, in seconds since 1970.
    #[must_use]
    pub fn at(mut self, unix: i64) -> Self {
        self.now = Some(text::rfc3339(unix));
        self
    }
}

/// The request that makes an endpoint an acceptor. Absent fields are left to the program's defaults.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "op", rename = "acceptor")]
pub struct Acceptor {
    /// How tokens are framed.
    pub framing: Framing,
    /// Mechanisms taken.
    pub mechs: Vec<&'static str>,
    /// Keytab with the service's keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keytab: Option<String>,
    /// Users that NTLM knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// The only principal accepted; any of the keytab when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Clock, in RFC 3339; the system's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Application data of the channel bindings, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_bindings: Option<String>,
    /// What becomes of channel bindings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cb_policy: Option<CbPolicy>,
    /// Whether replays are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_cache: Option<bool>,
    /// Names of weak parts that are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<&'static str>,
    /// NTLM without a connection: the acceptor speaks first.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub datagram: bool,
}

impl Acceptor {
    /// Kerberos with the keys of a keytab.
    pub fn new(framing: Framing, keytab: &Path) -> Self {
        Self { keytab: Some(keytab.display().to_string()), ..Self::without_secrets(framing, "krb5") }
    }

    /// NTLM for these users.
    pub fn ntlm(framing: Framing, users: &[User]) -> Self {
        Self { users: users.to_vec(), ..Self::without_secrets(framing, "ntlm") }
    }

    /// Kerberos with the keys of a keytab and NTLM for these users, in SPNEGO.
    pub fn krb5_or_ntlm(keytab: &Path, users: &[User]) -> Self {
        Self { mechs: vec!["krb5", "ntlm"], users: users.to_vec(), ..Self::new(Framing::Spnego, keytab) }
    }

    fn without_secrets(framing: Framing, mech: &'static str) -> Self {
        Self {
            framing,
            mechs: vec![mech],
            keytab: None,
            users: Vec::new(),
            principal: None,
            now: None,
            channel_bindings: None,
            cb_policy: None,
            replay_cache: None,
            allow: Vec::new(),
            datagram: false,
        }
    }

    /// Sets the application data of the channel bindings and what becomes of them.
    #[must_use]
    pub fn bound_to(mut self, data: &[u8], policy: CbPolicy) -> Self {
        self.channel_bindings = Some(text::hex(data));
        self.cb_policy = Some(policy);
        self
    }

    /// Allows a weak part by name.
    #[must_use]
    pub fn allow(mut self, part: &'static str) -> Self {
        self.allow.push(part);
        self
    }

    /// Lets the acceptor speak first, without a NEGOTIATE message: NTLM for datagrams.
    #[must_use]
    pub fn datagram(mut self) -> Self {
        self.datagram = true;
        self
    }

    /// Sets the clock, in seconds since 1970.
    #[must_use]
    pub fn at(mut self, unix: i64) -> Self {
        self.now = Some(text::rfc3339(unix));
        self
    }
}
