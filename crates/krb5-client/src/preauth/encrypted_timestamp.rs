//! PA-ENC-TIMESTAMP (RFC 4120 section 5.2.7.2). Whoever sees it can try passwords on it.

use alloc::vec::Vec;

use krb5_asn1::{MethodData, PaDataType};
use krb5_crypto::{Key, KeyUsage};

use super::{PreauthContext, PreauthData, PreauthError, PreauthMechanism};

#[derive(Debug)]
pub(super) struct EncryptedTimestamp;

impl PreauthMechanism for EncryptedTimestamp {
    fn pa_type(&self) -> PaDataType {
        PaDataType::ENC_TIMESTAMP
    }

    /// Inside FAST the encrypted challenge takes its place (RFC 6113 section 5.4.6).
    fn is_usable(&self, inside_fast: bool) -> bool {
        !inside_fast
    }

    fn can_begin(&self) -> bool {
        true
    }

    fn answer(
        &mut self,
        _offers: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<PreauthData>, PreauthError> {
        let key = context.client_key()?;
        let value = context.sealed_time(&key, KeyUsage::PA_ENC_TIMESTAMP)?;
        Ok([PreauthData { pa_type: self.pa_type(), value }].into())
    }

    fn reply_key(
        &mut self,
        _padata: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Key, PreauthError> {
        Ok(context.client_key()?)
    }

    fn restart(&mut self) {}
}
