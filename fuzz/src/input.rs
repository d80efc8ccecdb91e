//! How the bytes of a fuzzer become choices and fields.

use ::gss_core::{CryptoRng, Diagnose};
use test_support::TestRng;

/// Takes an input apart from its front. At the end all numbers are 0 and all chunks are empty, so that every input
/// means something.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of an input.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    /// The next two bytes, most significant first.
    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// The next four bytes, most significant first.
    pub fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// One of several things.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[usize::from(self.byte()) % choices.len()]
    }

    /// As many bytes as the two in front of them say, or those that are left.
    pub fn chunk(&mut self) -> &'a [u8] {
        let len = usize::from(self.u16()).min(self.0.len());
        let (chunk, rest) = self.0.split_at(len);
        self.0 = rest;
        chunk
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let len = N.min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        array[..len].copy_from_slice(bytes);
        self.0 = rest;
        array
    }
}

/// Puts an input together: the opposite of [`Input`], for seeds.
#[derive(Clone, Debug, Default)]
pub struct Output(Vec<u8>);

impl Output {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What [`Input::byte`] gives.
    #[must_use]
    pub fn byte(self, byte: u8) -> Self {
        self.rest(&[byte])
    }

    /// What [`Input::u16`] gives.
    #[must_use]
    pub fn u16(self, number: u16) -> Self {
        self.rest(&number.to_be_bytes())
    }

    /// What [`Input::u32`] gives.
    #[must_use]
    pub fn u32(self, number: u32) -> Self {
        self.rest(&number.to_be_bytes())
    }

    /// What [`Input::chunk`] gives.
    ///
    /// # Panics
    /// For more than 65,535 bytes.
    #[must_use]
    pub fn chunk(self, bytes: &[u8]) -> Self {
        let len = u16::try_from(bytes.len()).expect("a chunk of less than 64 KiB");
        self.u16(len).rest(bytes)
    }

    /// What [`Input::rest`] gives.
    #[must_use]
    pub fn rest(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The input.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Randomness that is the same in every run.
pub fn rng() -> impl CryptoRng {
    TestRng::insecure(1)
}

/// An error says something, in a word for programs and in words for people.
pub fn check_error(error: &impl Diagnose) {
    assert!(!error.code().is_empty());
    assert!(
        error.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    );
    assert!(!error.to_string().is_empty());
    let _ = (error.blame(), error.major(), error.minor(), format!("{error:?}"));
}
