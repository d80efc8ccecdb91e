//! Accounts: users, services, and the KDC itself, as a test describes them.

use core::fmt;

use gss_core::Timestamp;
use krb5_asn1::{EncryptionKeyBuf, TicketFlags};
use krb5_crypto::EncType;
use krb5_pac::Sid;

/// A user or a service of a realm. A test states what is special about it and takes the rest from
/// [`user`](Self::user) or [`service`](Self::service):
///
/// ```
/// use krb5_testkdc::Account;
///
/// let locked = Account { locked: true, ..Account::user("bob", "secret") };
/// let with_preauth = Account { requires_preauth: false, ..Account::user("carol", "secret") };
/// # assert!(locked.requires_preauth && !with_preauth.requires_preauth);
/// ```
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name without the realm, as text: `alice`, `HTTP/www.example.com`. Escapes as in MIT krb5.
    pub name: String,
    /// Other names for it. Enterprise names are written with an escape: `alice\@example.com`.
    pub aliases: Vec<String>,
    /// What its keys come from.
    pub secret: AccountSecret,
    /// Enctypes of its keys, best first; `None`: those of the realm.
    pub enctypes: Option<Vec<EncType>>,
    /// Enctypes of session keys that it understands; `None`: those of its keys.
    pub session_enctypes: Option<Vec<EncType>>,
    /// Salt of the password; `None`: realm and name laid end to end (RFC 4120 section 4).
    pub salt: Option<Vec<u8>>,
    /// Rounds of PBKDF2 for the password; `None`: the default of each enctype.
    pub iterations: Option<u32>,
    /// Version of the first keys.
    pub kvno: u32,
    /// Whether a client has to show that it knows the key before it gets a ticket.
    pub requires_preauth: bool,
    /// Refused as client with `KDC_ERR_CLIENT_REVOKED`, as service with `KDC_ERR_SERVICE_REVOKED`.
    pub locked: bool,
    /// From when on it is refused, as client with `KDC_ERR_NAME_EXP`, as service with `KDC_ERR_SERVICE_EXP`.
    pub expires: Option<Timestamp>,
    /// From when on only tickets for changing the password are given (`KDC_ERR_KEY_EXPIRED` otherwise).
    pub password_expires: Option<Timestamp>,
    /// Whether the password has to be changed before anything else.
    pub must_change_password: bool,
    /// Longest life of its tickets in seconds, as client and as service; `None`: as the realm says.
    pub max_life: Option<u32>,
    /// For how long its tickets can be renewed at most, in seconds; `None`: as the realm says.
    pub max_renewable_life: Option<u32>,
    /// Flags that its tickets never have, as client and as service: of forwardable, proxiable, renewable, may-postdate.
    pub denied_flags: TicketFlags,
    /// Whether clients may delegate to it (ok-as-delegate).
    pub ok_as_delegate: bool,
    /// Whether it has no key that tickets could be made for, so that only user-to-user reaches it.
    pub user_to_user_only: bool,
    /// Whether tickets for it hold no PAC.
    pub without_pac: bool,
    /// The services that it may use in its users' names (traditional constrained delegation).
    pub delegates_to: Vec<String>,
    /// The services that may use it in their users' names (resource-based constrained delegation). Names of services of
    /// its own realm, or with theirs.
    pub accepts_delegation_from: Vec<String>,
    /// Whether what it gets by S4U2Self is forwardable, and so fit for S4U2Proxy (protocol transition).
    pub protocol_transition: bool,
    /// Whether nobody may act in its name: no forwardable tickets, no delegation.
    pub sensitive: bool,
    /// Whether it may set the passwords of others.
    pub administrator: bool,
    /// Another realm that it has moved to: clients that canonicalize are sent there (RFC 6806 section 7).
    pub moved_to: Option<String>,
    /// What a PAC says about it.
    pub identity: Identity,
}

/// What an account's keys come from. `Debug` shows none of it.
#[derive(Clone)]
pub enum AccountSecret {
    /// A password.
    Password(String),
    /// Random keys.
    Random,
    /// These keys, best first; [`Account::enctypes`] does not count then.
    Keys(Vec<EncryptionKeyBuf>),
}

/// What a domain's PAC says about an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Number in the domain; `None`: the KDC finds one, from 1000 on.
    pub rid: Option<u32>,
    /// Number of the primary group; `None`: 513, Domain Users.
    pub primary_group: Option<u32>,
    /// Numbers of the groups of the domain.
    pub groups: Vec<u32>,
    /// SIDs from elsewhere.
    pub extra_sids: Vec<Sid>,
    /// The person's name.
    pub full_name: String,
    /// `user@domain`; `None`: made from the name.
    pub upn: Option<String>,
}

impl Account {
    /// A user with a password, who has to pre-authenticate.
    #[must_use]
    pub fn user(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self::new(name, AccountSecret::Password(password.into()))
    }

    /// A service with random keys.
    #[must_use]
    pub fn service(name: impl Into<String>) -> Self {
        Self::new(name, AccountSecret::Random)
    }

    fn new(name: impl Into<String>, secret: AccountSecret) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            secret,
            enctypes: None,
            session_enctypes: None,
            salt: None,
            iterations: None,
            kvno: 1,
            requires_preauth: true,
            locked: false,
            expires: None,
            password_expires: None,
            must_change_password: false,
            max_life: None,
            max_renewable_life: None,
            denied_flags: TicketFlags::NONE,
            ok_as_delegate: false,
            user_to_user_only: false,
            without_pac: false,
            delegates_to: Vec::new(),
            accepts_delegation_from: Vec::new(),
            protocol_transition: false,
            sensitive: false,
            administrator: false,
            moved_to: None,
            identity: Identity::default(),
        }
    }

    /// The flags that its tickets never have.
    pub(crate) fn denied(&self) -> TicketFlags {
        if self.sensitive {
            self.denied_flags | TicketFlags::FORWARDABLE | TicketFlags::PROXIABLE
        } else {
            self.denied_flags
        }
    }
}

impl fmt::Debug for AccountSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Random => "Random",
            Self::Keys(_) => "Keys",
        })
    }
}
