//! AD-KDC-ISSUED (RFC 4120 section 5.2.6.2).

use krb5_asn1::der::{Reader, SliceReader, TagNumber, asn1::ContextSpecific};
use krb5_asn1::{
    AuthDataElement, AuthorizationData, Checksum, DecodeError, KerberosString, PrincipalName, Raw,
};
use krb5_crypto::{ChecksumType, Key, KeyUsage};

use super::AuthDataError;

/// The parts of an AD-KDC-ISSUED that are of use here.
pub(super) struct KdcIssued<'a> {
    checksum: Checksum<'a>,
    elements: Raw<'a, AuthorizationData<'a>>,
}

impl<'a> KdcIssued<'a> {
    pub(super) fn decode(element: AuthDataElement<'a>) -> Result<Self, AuthDataError> {
        Self::decode_content(element.ad_data.as_bytes())
            .map_err(|error| AuthDataError::Malformed { ad_type: element.ad_type, error })?
            .ok_or(AuthDataError::KdcIssuedField)
    }

    /// `None` if a mandatory field is missing.
    fn decode_content(content: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        let mut reader = SliceReader::new(content)?;
        let issued = reader.sequence(|reader| {
            let checksum = ContextSpecific::decode_explicit(reader, TagNumber(0))?;
            // The issuer's name matters only to those who look at the elements.
            ContextSpecific::<KerberosString<'_>>::decode_explicit(reader, TagNumber(1))?;
            ContextSpecific::<PrincipalName<'_>>::decode_explicit(reader, TagNumber(2))?;
            let elements = ContextSpecific::<Raw<'_, _>>::decode_explicit(reader, TagNumber(3))?;
            Ok::<_, DecodeError>((checksum, elements))
        })?;
        reader.finish()?;
        Ok(match issued {
            (Some(checksum), Some(elements)) => {
                Some(Self { checksum: checksum.value, elements: elements.value })
            }
            _ => None,
        })
    }

    /// The elements, if the checksum over their encoding was made with the session key.
    pub(super) fn verify(&self, session_key: &Key) -> Result<AuthorizationData<'a>, AuthDataError> {
        let seen = ChecksumType(self.checksum.cksumtype);
        let expected = session_key.enctype().checksum_type();
        if expected != Some(seen) {
            return Err(AuthDataError::KdcIssuedChecksumType { seen, expected });
        }
        let _verified = session_key
            .checksum(KeyUsage::AD_KDC_ISSUED)
            .verify(&[self.elements.as_der()], self.checksum.checksum.as_bytes())
            .map_err(|_| AuthDataError::KdcIssuedChecksum)?;
        Ok(*self.elements.value())
    }
}
