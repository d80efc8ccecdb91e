use super::Draft;
use crate::checksum::{GssChecksum, IAKERB_FINISHED_EXTENSION, OLD_IAKERB_FINISHED_EXTENSION};
use alloc::vec::Vec;
use krb5_asn1::{Checksum, Decode, Encode, IakerbFinished, Octets};
use krb5_crypto::{ChecksumType, ChecksumVerified, Key, KeyUsage};

/// Most tokens that both sides pass before the AP exchange; as many as MIT allows hops between realms, both ways.
pub const MAX_HOPS: usize = 32;

/// Most bytes of those tokens together.
pub const MAX_TRANSCRIPT_LEN: usize = 256 * 1024;

/// All proxy tokens of both sides in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript {
    bytes: Vec<u8>,
    tokens: usize,
}

/// The extension of the authenticator's checksum that covers a transcript.
pub(crate) struct Finished<'a> {
    content: &'a [u8],
    usage: KeyUsage,
}

impl Draft {
    /// The type of the extension, and the usage of the key for the checksum in it.
    const fn finished(self) -> (u32, KeyUsage) {
        match self {
            Self::Kitten => (IAKERB_FINISHED_EXTENSION, KeyUsage::IAKERB_FINISHED),
            Self::Zhu => (OLD_IAKERB_FINISHED_EXTENSION, KeyUsage::IAKERB_FINISHED_DRAFT),
        }
    }
}

impl<'a> Finished<'a> {
    /// The extension after whichever draft the initiator follows, the newer one first.
    pub(crate) fn find(checksum: &GssChecksum<'a>) -> Option<Self> {
        let found = |draft: Draft| {
            let (extension, usage) = draft.finished();
            checksum.extension(extension).map(|content| Self { content, usage })
        };
        found(Draft::Kitten).or_else(|| found(Draft::Zhu))
    }
}

impl Transcript {
    /// Adds a token; `None` beyond [`MAX_HOPS`] or [`MAX_TRANSCRIPT_LEN`].
    pub(crate) fn add(&mut self, token: &[u8]) -> Option<()> {
        let tokens = self.tokens.checked_add(1).filter(|tokens| *tokens <= MAX_HOPS)?;
        self.bytes.len().checked_add(token.len()).filter(|len| *len <= MAX_TRANSCRIPT_LEN)?;
        self.bytes.extend_from_slice(token);
        self.tokens = tokens;
        Some(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens == 0
    }

    /// The extension of the authenticator's checksum that covers the transcript: type, length, content.
    pub(crate) fn finished_extension(&self, draft: Draft, subkey: &Key) -> Option<Vec<u8>> {
        let (extension, usage) = draft.finished();
        let key = subkey.checksum(usage);
        let tag = key.compute_tag(&[&self.bytes]);
        let checksum = Checksum { cksumtype: key.checksum_type().0, checksum: Octets::new(tag.as_bytes()) };
        let content = IakerbFinished { gss_mic: checksum }.to_der().ok()?;
        let length = u32::try_from(content.len()).ok()?;
        Some([&extension.to_be_bytes()[..], &length.to_be_bytes(), &content].concat())
    }

    /// Verifies the extension's content. Only the checksum type of the key's own enctype counts.
    pub(crate) fn verify(&self, finished: &Finished<'_>, subkey: &Key) -> Option<ChecksumVerified> {
        let checksum = IakerbFinished::from_der(finished.content).ok()?.gss_mic;
        subkey
            .checksum_with_type(ChecksumType(checksum.cksumtype), finished.usage)?
            .verify(&[&self.bytes], checksum.checksum.as_bytes())
            .ok()
    }
}
