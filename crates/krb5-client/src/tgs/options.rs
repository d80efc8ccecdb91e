use alloc::vec::Vec;

use krb5_asn1::Principal;
use krb5_crypto::EncType;
use krb5_files::AuthData;

use super::RealmPath;
use crate::Credential;

/// What is asked for in a TGS exchange beside the service.
#[derive(Clone, Debug)]
pub struct TgsOptions {
    /// For how many seconds from now on the ticket shall hold; `None`: as long as the ticket-granting ticket.
    pub lifetime: Option<u32>,
    /// For how many seconds from now on the ticket shall be renewable; `None`: as the KDC likes.
    pub renew_lifetime: Option<u32>,
    /// Whether the ticket shall be forwardable where the ticket-granting ticket is.
    pub forwardable: bool,
    /// Whether the KDC may refer to other realms (RFC 6806 section 8). The service's name within its realm stays the
    /// one asked for in any case.
    pub canonicalize: bool,
    /// The way to the service's realm where no KDC refers there.
    pub path: RealmPath,
    /// Enctypes for the session key in place of [`Policy::enctypes`](crate::Policy::enctypes).
    pub enctypes: Option<Vec<EncType>>,
    /// Authorization data to put into the ticket; it travels encrypted.
    pub authorization_data: Vec<AuthData>,
    /// Whether the exchange goes through FAST, whose armor is the ticket-granting ticket (RFC 6113 section 5.4). A
    /// reply outside of it is refused then.
    pub fast: bool,
    /// Seconds to add to our clock for the KDC's, as an earlier exchange found them.
    pub kdc_offset: i64,
}

impl Default for TgsOptions {
    /// A ticket as long as the ticket-granting ticket and with its properties; referrals are followed; no FAST.
    fn default() -> Self {
        Self {
            lifetime: None,
            renew_lifetime: None,
            forwardable: true,
            canonicalize: true,
            path: RealmPath::default(),
            enctypes: None,
            authorization_data: Vec::new(),
            fast: false,
            kdc_offset: 0,
        }
    }
}

/// What a user has shown to a service that now acts for that user.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// DER of the ticket for the service: from an AP-REQ, or from S4U2self.
    pub ticket: &'a [u8],
    /// Who it was issued to. The ticket got with it has to be to the same client.
    pub client: &'a Principal,
}

impl<'a> From<&'a Credential> for Evidence<'a> {
    /// What S4U2self gave.
    fn from(credential: &'a Credential) -> Self {
        Self { ticket: &credential.ticket, client: &credential.client }
    }
}
