//! The Windows PAC of a ticket, believed only once it is known to be the KDC's and the client's (MS-PAC sections 2.7 and
//! 2.8). What it says is read by [`krb5_pac`].

use core::fmt;
use core::ops::Deref;

#[cfg(feature = "alloc")]
use krb5_asn1::{AuthDataType, AuthorizationData};
use krb5_asn1::{KerberosTime, PrincipalRef};
use krb5_crypto::{ChecksumVerified, Key};
use krb5_pac::{BufferType, ClientInfo, Pac, SignatureKind, Verdict, Verdicts, VerifyingKeys};

#[cfg(feature = "alloc")]
use super::walk::Walk;

mod error;
mod name;

pub use error::PacError;

/// A PAC that the holder of the service's key signed for this client and this authentication.
///
/// It is a [`Pac`], which reads what is asked of it: [`logon_info`](Pac::logon_info) for names and SIDs,
/// [`upn_dns_info`](Pac::upn_dns_info) for the names that people know. Only the check of a ticket's authorization data
/// makes one; see [`TicketData`](super::TicketData). `Debug` shows no content.
#[derive(Clone, Copy)]
pub struct PacVerified<'a> {
    pac: Pac<'a>,
    proof: PacProof,
}

/// What stays of a check when the PAC lies elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacProof {
    server: ChecksumVerified,
}

impl PacVerified<'_> {
    /// How the four signatures came out. The one with the service's key is verified. For the others a service has no
    /// key: they are there and [not checked](Verdict::NotChecked), or [missing](Verdict::Missing), or of a form that
    /// makes them [wrong](Verdict::Wrong) in any case.
    pub fn verdicts(&self) -> Verdicts {
        let unchecked = self.pac.verify(&VerifyingKeys::default());
        Verdicts { server: Verdict::Verified(self.proof.server), ..unchecked }
    }

    #[cfg(feature = "alloc")]
    pub(crate) const fn proof(&self) -> PacProof {
        self.proof
    }
}

impl PacProof {
    /// The PAC in a copy of the authorization data that was checked, which had one.
    #[cfg(feature = "alloc")]
    pub(crate) fn find_in(self, checked: AuthorizationData<'_>) -> Option<PacVerified<'_>> {
        let mut walk = Walk::new(Some(checked));
        while let Ok(Some((element, _))) = walk.next() {
            if element.ad_type == AuthDataType::WIN2K_PAC {
                let pac = Pac::parse(element.ad_data.as_bytes()).ok()?;
                return Some(PacVerified { pac, proof: self });
            }
        }
        None
    }
}

impl<'a> Deref for PacVerified<'a> {
    type Target = Pac<'a>;

    fn deref(&self) -> &Pac<'a> {
        &self.pac
    }
}

impl fmt::Debug for PacVerified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pac, f)
    }
}

/// Verifies a PAC: layout, then the server signature, then the client's name and the time of authentication.
pub(super) fn verify<'a>(
    bytes: &'a [u8],
    service_key: &Key,
    client: PrincipalRef<'_>,
    authtime: KerberosTime,
) -> Result<PacVerified<'a>, PacError> {
    let pac = Pac::parse(bytes)?;
    let server = verify_server_signature(&pac, service_key)?;
    let buffer_type = BufferType::CLIENT_INFO;
    let info = pac.client_info()?.ok_or(PacError::Missing { buffer_type })?;
    check_client(&info, client, authtime)?;
    Ok(PacVerified { pac, proof: PacProof { server } })
}

/// The KDC's signature is not covered by the service's, and a PAC without it is none of a KDC's.
fn verify_server_signature(pac: &Pac<'_>, key: &Key) -> Result<ChecksumVerified, PacError> {
    for kind in [SignatureKind::Server, SignatureKind::Kdc] {
        let buffer_type = kind.buffer_type();
        pac.buffer(buffer_type).ok_or(PacError::Missing { buffer_type })?;
    }
    match pac.verify(&VerifyingKeys { server: Some(key), ..VerifyingKeys::default() }).server {
        Verdict::Verified(proof) => Ok(proof),
        Verdict::Wrong(fault) => Err(PacError::ServerSignature(fault)),
        Verdict::Missing | Verdict::NotChecked => {
            Err(PacError::Missing { buffer_type: SignatureKind::Server.buffer_type() })
        }
    }
}

fn check_client(
    info: &ClientInfo<'_>,
    client: PrincipalRef<'_>,
    authtime: KerberosTime,
) -> Result<(), PacError> {
    let seen = info.auth_time.unix_seconds();
    if seen != authtime.unix_seconds() {
        return Err(PacError::AuthTime { seen, expected: authtime });
    }
    // A client of another realm may be named with its realm (S4U2Self), also when its name is an enterprise name and
    // has an `@` of its own.
    if name::is(&info.name, client.name, None) || name::is(&info.name, client.name, Some(client.realm)) {
        return Ok(());
    }
    Err(PacError::ClientName { seen: name::excerpt(&info.name) })
}

#[cfg(test)]
pub(super) mod tests;
