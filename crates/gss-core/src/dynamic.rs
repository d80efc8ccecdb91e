//! Object-safe faces of [`Handshake`] and [`SecurityContext`], for programs that choose mechanisms at run time.
//!
//! Every handshake can be boxed as [`DynHandshake`], and the box is a [`Handshake`] again.

use crate::context::{
    Facts, MessageError, Opener, Overhead, PrfKey, Protection, Sealer, SecurityContext, SequenceStatus,
    Unwrapped,
};
use crate::error::{Blame, Diagnose, MajorStatus};
use crate::handshake::{Env, Handshake, Step};
use crate::sink::TokenSink;
use alloc::boxed::Box;
use core::fmt;
use rand_core::CryptoRng;

/// [`Handshake`], behind a pointer.
pub trait DynHandshake<'a>: Send {
    /// [`Handshake::step`].
    ///
    /// # Errors
    /// As there.
    fn step_boxed(
        self: Box<Self>,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<BoxHandshake<'a>, BoxContext<'a>>, BoxError>;
}

/// A handshake of any mechanism.
pub type BoxHandshake<'a> = Box<dyn DynHandshake<'a> + 'a>;

impl<'a, H> DynHandshake<'a> for H
where
    H: Handshake + Send + 'a,
    H::Established: Send + 'a,
    H::Error: Send + Sync + 'static,
    <H::Established as SecurityContext>::Sealer: Send + 'a,
    <H::Established as SecurityContext>::Opener: Send + 'a,
{
    fn step_boxed(
        self: Box<Self>,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<BoxHandshake<'a>, BoxContext<'a>>, BoxError> {
        match (*self).step(input, output, env).map_err(BoxError::new)? {
            Step::Continue(next) => Ok(Step::Continue(Box::new(next))),
            Step::Done(context) => Ok(Step::Done(Box::new(context))),
        }
    }
}

impl<'a> Handshake for BoxHandshake<'a> {
    type Established = BoxContext<'a>;
    type Error = BoxError;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        self.step_boxed(input, output, env)
    }
}

impl fmt::Debug for dyn DynHandshake<'_> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynHandshake")
    }
}

/// [`SecurityContext`], behind a pointer.
pub trait DynContext<'a>: Send {
    /// [`SecurityContext::facts`].
    fn facts_dyn(&self) -> Facts<'_>;
    /// [`SecurityContext::sealer`].
    fn sealer_dyn(&mut self) -> &mut dyn Sealer;
    /// [`SecurityContext::opener`].
    fn opener_dyn(&mut self) -> &mut dyn Opener;
    /// [`SecurityContext::split`].
    fn split_boxed(self: Box<Self>) -> (BoxSealer<'a>, BoxOpener<'a>);
    /// [`SecurityContext::secret_session_key`].
    fn secret_session_key_dyn(&self) -> Option<&[u8]>;
    /// [`SecurityContext::prf`].
    ///
    /// # Errors
    /// As there.
    fn prf_dyn(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError>;
    /// [`SecurityContext::mech_list_mic`].
    ///
    /// # Errors
    /// As there.
    fn mech_list_mic_dyn(
        &mut self,
        mech_types: &[u8],
        output: &mut dyn TokenSink,
    ) -> Result<(), MessageError>;
    /// [`SecurityContext::verify_mech_list_mic`].
    ///
    /// # Errors
    /// As there.
    fn verify_mech_list_mic_dyn(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError>;
    /// [`SecurityContext::needs_mech_list_mic`].
    fn needs_mech_list_mic_dyn(&self) -> bool;
}

/// An established context of any mechanism.
pub type BoxContext<'a> = Box<dyn DynContext<'a> + 'a>;

impl<'a, C> DynContext<'a> for C
where
    C: SecurityContext + Send + 'a,
    C::Sealer: Send + 'a,
    C::Opener: Send + 'a,
{
    fn facts_dyn(&self) -> Facts<'_> {
        self.facts()
    }

    fn sealer_dyn(&mut self) -> &mut dyn Sealer {
        self.sealer()
    }

    fn opener_dyn(&mut self) -> &mut dyn Opener {
        self.opener()
    }

    fn split_boxed(self: Box<Self>) -> (BoxSealer<'a>, BoxOpener<'a>) {
        let (sealer, opener) = (*self).split();
        (Box::new(sealer), Box::new(opener))
    }

    fn secret_session_key_dyn(&self) -> Option<&[u8]> {
        self.secret_session_key()
    }

    fn prf_dyn(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError> {
        self.prf(key, input, output)
    }

    fn mech_list_mic_dyn(
        &mut self,
        mech_types: &[u8],
        output: &mut dyn TokenSink,
    ) -> Result<(), MessageError> {
        self.mech_list_mic(mech_types, output)
    }

    fn verify_mech_list_mic_dyn(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        self.verify_mech_list_mic(mech_types, mic)
    }

    fn needs_mech_list_mic_dyn(&self) -> bool {
        self.needs_mech_list_mic()
    }
}

impl<'a> SecurityContext for BoxContext<'a> {
    type Sealer = BoxSealer<'a>;
    type Opener = BoxOpener<'a>;

    fn facts(&self) -> Facts<'_> {
        (**self).facts_dyn()
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        (**self).sealer_dyn()
    }

    fn opener(&mut self) -> &mut dyn Opener {
        (**self).opener_dyn()
    }

    fn split(self) -> (Self::Sealer, Self::Opener) {
        self.split_boxed()
    }

    fn secret_session_key(&self) -> Option<&[u8]> {
        (**self).secret_session_key_dyn()
    }

    fn prf(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError> {
        (**self).prf_dyn(key, input, output)
    }

    fn mech_list_mic(&mut self, mech_types: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        (**self).mech_list_mic_dyn(mech_types, output)
    }

    fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        (**self).verify_mech_list_mic_dyn(mech_types, mic)
    }

    fn needs_mech_list_mic(&self) -> bool {
        (**self).needs_mech_list_mic_dyn()
    }
}

impl fmt::Debug for dyn DynContext<'_> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts_dyn().fmt(f)
    }
}

/// A [`Sealer`] of any mechanism.
pub type BoxSealer<'a> = Box<dyn Sealer + Send + 'a>;

/// An [`Opener`] of any mechanism.
pub type BoxOpener<'a> = Box<dyn Opener + Send + 'a>;

impl Sealer for BoxSealer<'_> {
    fn overhead(&self, protection: Protection, length: usize) -> Overhead {
        (**self).overhead(protection, length)
    }

    fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        output: &mut dyn TokenSink,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        (**self).wrap(protection, message, output, rng)
    }

    fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        (**self).wrap_in_place(protection, buffer, rng)
    }

    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        (**self).get_mic(message, output)
    }
}

impl Opener for BoxOpener<'_> {
    fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        (**self).unwrap(token)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        (**self).verify_mic(message, mic)
    }
}

/// An error of any mechanism.
#[derive(Debug)]
pub struct BoxError(Box<dyn Diagnose + Send + Sync>);

impl BoxError {
    /// Boxes an error.
    pub fn new(error: impl Diagnose + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }

    /// The error inside.
    #[must_use]
    pub fn get(&self) -> &(dyn Diagnose + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for BoxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for BoxError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}

impl Diagnose for BoxError {
    fn blame(&self) -> Blame {
        self.0.blame()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }

    fn major(&self) -> MajorStatus {
        self.0.major()
    }

    fn minor(&self) -> Option<i32> {
        self.0.minor()
    }
}
