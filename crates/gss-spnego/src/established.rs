use crate::mic::MicOutcome;
use core::fmt;
use gss_core::{Facts, MessageError, Opener, PrfKey, Sealer, SecurityContext, TokenSink};

/// A negotiated context: that of the mechanism, and how the list of mechanisms was protected.
#[derive(Clone)]
pub struct Established<C> {
    context: C,
    mic: MicOutcome,
}

impl<C> Established<C> {
    pub(crate) fn new(context: C, mic: MicOutcome) -> Self {
        Self { context, mic }
    }

    /// How the list of mechanisms was protected.
    #[must_use]
    pub const fn mic(&self) -> MicOutcome {
        self.mic
    }

    /// The mechanism's context.
    #[must_use]
    pub const fn context(&self) -> &C {
        &self.context
    }

    /// The mechanism's context by itself.
    #[must_use]
    pub fn into_context(self) -> C {
        self.context
    }
}

/// All of it is the mechanism's.
impl<C: SecurityContext> SecurityContext for Established<C> {
    type Sealer = C::Sealer;
    type Opener = C::Opener;

    fn facts(&self) -> Facts<'_> {
        self.context.facts()
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        self.context.sealer()
    }

    fn opener(&mut self) -> &mut dyn Opener {
        self.context.opener()
    }

    fn split(self) -> (C::Sealer, C::Opener) {
        self.context.split()
    }

    fn secret_session_key(&self) -> Option<&[u8]> {
        self.context.secret_session_key()
    }

    fn prf(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError> {
        self.context.prf(key, input, output)
    }

    fn mech_list_mic(&mut self, mech_types: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        self.context.mech_list_mic(mech_types, output)
    }

    fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        self.context.verify_mech_list_mic(mech_types, mic)
    }

    fn needs_mech_list_mic(&self) -> bool {
        self.context.needs_mech_list_mic()
    }
}

impl<C: SecurityContext> fmt::Debug for Established<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Established")
            .field("facts", &self.facts())
            .field("mic", &self.mic)
            .finish_non_exhaustive()
    }
}
