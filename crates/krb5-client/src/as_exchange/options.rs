use alloc::vec::Vec;

use gss_core::Timestamp;
use krb5_asn1::{KerberosString, NameType, PaDataType, Principal};
use krb5_files::Address;

use crate::Credential;

/// What is asked for in an AS exchange.
#[derive(Clone, Debug)]
pub struct AsOptions {
    /// Who asks. The name type [`NameType::ENTERPRISE`] is for names of the form `user@domain`, as one component in the
    /// realm to ask first; it implies `canonicalize`.
    pub client: Principal,
    /// What for; `None`: a ticket-granting ticket of the client's realm. When a referral leads to another realm, the
    /// same name is asked for there.
    pub server: Option<Principal>,
    /// How long the ticket shall hold, in seconds. The KDC may give less.
    pub lifetime: u32,
    /// How long it shall be renewable, in seconds; `None`: not at all.
    pub renew_lifetime: Option<u32>,
    /// From when on it shall hold; `None`: at once. A ticket for later has to be validated then.
    pub start: Option<Timestamp>,
    /// Whether other tickets may be got for it that are valid elsewhere: delegation.
    pub forwardable: bool,
    /// Whether service tickets may be got for it that are valid elsewhere.
    pub proxiable: bool,
    /// Whether the KDC may give the client and its own service another name, or refer to another realm (RFC 6806).
    pub canonicalize: bool,
    /// Whether the ticket shall have a PAC; `None` leaves it to the KDC.
    pub request_pac: Option<bool>,
    /// Addresses that the ticket shall be bound to; none: it holds everywhere.
    pub addresses: Vec<Address>,
    /// A ticket-granting ticket of the client's realm, of the host for instance, that makes the tunnel of FAST.
    pub armor: Option<Credential>,
    /// Whether a KDC that does not answer inside the tunnel is refused. Without it, the exchange goes on outside when
    /// the KDC does not offer FAST; that this was true shows at the end, if the KDC's reply can tell.
    pub require_fast: bool,
    /// Whether replies shall not name the client in clear; inside FAST only. MIT krb5 and Windows know it.
    pub hide_client: bool,
    /// Mechanisms of pre-authentication that may be used, best first.
    pub preauth: Vec<PaDataType>,
    /// Whether to pre-authenticate with the first request, before the KDC asks. Saves a round trip, and is done with
    /// keys only: with a password the salt is not known yet.
    pub preauth_at_once: bool,
    /// Seconds to add to our clock for the KDC's, as an earlier exchange found them.
    pub kdc_offset: i64,
}

impl AsOptions {
    /// A ticket-granting ticket for a day, under exactly this name: not renewable, forwardable or proxiable, and not
    /// bound to addresses. FAST is required once there is an armor. Of the mechanisms, the encrypted challenge comes
    /// first, then SPAKE, then the encrypted timestamp.
    #[must_use]
    pub fn new(client: Principal) -> Self {
        Self {
            client,
            server: None,
            lifetime: 24 * 60 * 60,
            renew_lifetime: None,
            start: None,
            forwardable: false,
            proxiable: false,
            canonicalize: false,
            request_pac: None,
            addresses: Vec::new(),
            armor: None,
            require_fast: true,
            hide_client: false,
            preauth: [PaDataType::ENCRYPTED_CHALLENGE, PaDataType::SPAKE, PaDataType::ENC_TIMESTAMP].into(),
            preauth_at_once: false,
            kdc_offset: 0,
        }
    }

    /// Whether names may change on the way.
    pub(super) fn names_may_change(&self) -> bool {
        self.canonicalize || self.client.name_type() == NameType::ENTERPRISE
    }

    /// The service to ask for in this realm.
    pub(super) fn server_in(&self, realm: KerberosString<'_>) -> Principal {
        if let Some(server) = &self.server {
            return server.name().in_realm(realm).into();
        }
        let components = [KerberosString::from("krbtgt"), realm];
        krb5_asn1::PrincipalName::new(NameType::SRV_INST, &components).in_realm(realm).into()
    }
}
