//! Pre-authentication: how a client proves itself to the KDC before it gets a reply (RFC 4120 section 5.2.7, RFC 6113).
//!
//! A [`PreauthMechanism`] takes what the KDC offers and answers it. Built in are the encrypted timestamp, the encrypted
//! challenge inside FAST and SPAKE; others, such as PKINIT, are added from outside with
//! [`AsExchange::with_mechanisms`](crate::AsExchange::with_mechanisms).

mod encrypted_challenge;
mod encrypted_timestamp;
mod error;
#[cfg(feature = "spake")]
mod spake;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use gss_core::Timestamp;
use krb5_asn1::{Encode, EncryptedData, MethodData, Octets, PaDataType, PaEncTsEnc, Principal};
use krb5_crypto::{Key, KeyUsage};
use rand_core::CryptoRng;

use crate::ap_req::kerberos_time;
use crate::sealed::seal;
use crate::secret::KeyParameters;
use crate::{Secret, SecretError};

pub use error::PreauthError;

/// A mechanism of pre-authentication, in one of the states of an exchange.
pub trait PreauthMechanism: fmt::Debug + Send + Sync {
    /// The type under which the KDC offers it, and which stands for it in [`AsOptions::preauth`](crate::AsOptions).
    fn pa_type(&self) -> PaDataType;

    /// Whether it can be used, inside FAST or outside.
    fn is_usable(&self, inside_fast: bool) -> bool;

    /// Whether it can begin before the KDC has offered anything.
    fn can_begin(&self) -> bool {
        false
    }

    /// Answers what the KDC offers or asks next. `offers` is empty if the mechanism begins.
    ///
    /// # Errors
    /// What the KDC says breaks a rule, or the mechanism cannot answer it. The exchange is over.
    fn answer(
        &mut self,
        offers: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<PreauthData>, PreauthError>;

    /// Takes what came with the ticket, and gives the reply key: before FAST strengthens it.
    ///
    /// # Errors
    /// What came breaks a rule. The exchange is over.
    fn reply_key(
        &mut self,
        padata: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Key, PreauthError>;

    /// Forgets all, for the exchange begins anew, perhaps with another realm's KDC.
    fn restart(&mut self);
}

/// Pre-authentication data to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct PreauthData {
    /// What it is.
    pub pa_type: PaDataType,
    /// Its content.
    pub value: Vec<u8>,
}

impl fmt::Debug for PreauthData {
    /// The type and the length; guesses at a password could be tested on the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreauthData({}, {} bytes)", self.pa_type, self.value.len())
    }
}

/// What an exchange supplies to its mechanism.
#[derive(Debug)]
pub struct PreauthContext<'a> {
    /// The client, as the request names it.
    pub client: &'a Principal,
    /// DER of the `KDC-REQ-BODY` that goes with the answer, or went with the last one; inside FAST the inner one.
    pub request_body: &'a [u8],
    /// The time to tell the KDC.
    pub now: Timestamp,
    /// The armor key of FAST; `None` outside of FAST.
    pub armor_key: Option<&'a Key>,
    pub(crate) rng: Rng<'a>,
    pub(crate) long_term: LongTermKey<'a>,
}

/// Randomness, without `Debug` of its own.
pub(crate) struct Rng<'a>(pub(crate) &'a mut dyn CryptoRng);

impl fmt::Debug for Rng<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng")
    }
}

/// The client's long-term key, which is derived when it is first asked for.
#[derive(Debug)]
pub(crate) struct LongTermKey<'a> {
    pub(crate) secret: &'a Secret,
    pub(crate) parameters: &'a KeyParameters,
    pub(crate) max_iterations: u32,
    /// What was derived last, and from what.
    pub(crate) derived: &'a mut Option<(KeyParameters, Key)>,
}

impl LongTermKey<'_> {
    fn get(&mut self) -> Result<Key, SecretError> {
        if let Some((parameters, key)) = &*self.derived
            && parameters == self.parameters
        {
            return Ok(key.duplicate());
        }
        let key = self.secret.key(self.parameters, self.max_iterations)?;
        *self.derived = Some((self.parameters.clone(), key.duplicate()));
        Ok(key)
    }
}

impl PreauthContext<'_> {
    /// The client's long-term key: of its password with the salt and parameters that the KDC named, or from its keytab.
    ///
    /// # Errors
    /// There is none, or the KDC asks for too much work.
    pub fn client_key(&mut self) -> Result<Key, SecretError> {
        self.long_term.get()
    }

    /// Randomness.
    pub fn rng(&mut self) -> &mut dyn CryptoRng {
        self.rng.0
    }

    /// DER of an `EncryptedData` of the time now (RFC 4120 section 5.2.7.2).
    fn sealed_time(&mut self, key: &Key, usage: KeyUsage) -> Result<Vec<u8>, PreauthError> {
        let (patimestamp, pausec) = kerberos_time(self.now).ok_or(PreauthError::Clock { now: self.now })?;
        let plaintext = PaEncTsEnc { patimestamp, pausec: Some(pausec) }.to_der()?;
        let cipher = seal(key, usage, &plaintext, self.rng.0);
        let sealed = EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(&cipher) };
        Ok(sealed.to_der()?)
    }
}

/// The mechanisms that are built in, best first.
pub(crate) fn built_in() -> Vec<Box<dyn PreauthMechanism>> {
    Vec::from([
        Box::new(encrypted_challenge::EncryptedChallenge) as Box<dyn PreauthMechanism>,
        #[cfg(feature = "spake")]
        Box::new(spake::Spake::default()),
        Box::new(encrypted_timestamp::EncryptedTimestamp),
    ])
}
