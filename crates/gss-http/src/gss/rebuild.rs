//! Going through a transcript again.

use super::transcript::{Leg, Transcript};
use alloc::vec::Vec;
use core::convert::Infallible;
use gss_core::{CryptoRng, Env, Handshake, Step};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

/// Passes on randomness and keeps what it passed.
pub(super) struct Recorder<'r> {
    source: &'r mut dyn CryptoRng,
    drawn: Zeroizing<Vec<u8>>,
}

impl<'r> Recorder<'r> {
    pub(super) fn new(source: &'r mut dyn CryptoRng) -> Self {
        // Room for what mechanisms draw, so that growing leaves no copies behind.
        Self { source, drawn: Zeroizing::new(Vec::with_capacity(256)) }
    }

    pub(super) fn into_drawn(self) -> Zeroizing<Vec<u8>> {
        self.drawn
    }
}

impl TryRng for Recorder<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        self.source.fill_bytes(output);
        self.drawn.extend_from_slice(output);
        Ok(())
    }
}

impl TryCryptoRng for Recorder<'_> {}

/// Gives out again what a [`Recorder`] kept.
struct Playback<'d> {
    rest: &'d [u8],
    /// Whether more was asked for than there is. Zeros were given then, and nothing that came of them may be used.
    dry: bool,
}

impl TryRng for Playback<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        match self.rest.split_at_checked(output.len()) {
            Some((drawn, rest)) => {
                output.copy_from_slice(drawn);
                self.rest = rest;
            }
            None => {
                output.fill(0);
                self.rest = &[];
                self.dry = true;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Playback<'_> {}

/// A transcript does not lead where it led before.
#[derive(Debug)]
pub(super) enum Astray<E> {
    /// The mechanism refuses a token that was taken before: its keys have changed.
    Refused(E),
    /// It draws more or less, or ends sooner or later: its configuration has changed.
    Diverged,
}

/// Takes the tokens of a half-made exchange again.
pub(super) fn resume<H: Handshake>(acceptor: H, transcript: &Transcript) -> Result<H, Astray<H::Error>> {
    let mut handshake = acceptor;
    for leg in &transcript.legs {
        handshake = match step(handshake, leg)? {
            Step::Continue(next) => next,
            Step::Done(_) => return Err(Astray::Diverged),
        };
    }
    Ok(handshake)
}

/// Takes the tokens of a whole exchange again.
pub(super) fn establish<H: Handshake>(
    acceptor: H,
    transcript: &Transcript,
) -> Result<H::Established, Astray<H::Error>> {
    let mut handshake = acceptor;
    let mut legs = transcript.legs.iter();
    while let Some(leg) = legs.next() {
        handshake = match step(handshake, leg)? {
            Step::Continue(next) => next,
            Step::Done(context) if legs.next().is_none() => return Ok(context),
            Step::Done(_) => return Err(Astray::Diverged),
        };
    }
    Err(Astray::Diverged)
}

fn step<H: Handshake>(handshake: H, leg: &Leg) -> Result<Step<H, H::Established>, Astray<H::Error>> {
    // Steps change their input.
    let mut token = leg.token.clone();
    let mut output = Zeroizing::new(Vec::new());
    let mut random = Playback { rest: &leg.random, dry: false };
    let step = handshake.step(&mut token, &mut *output, &mut Env::new(leg.now, &mut random));
    let step = step.map_err(Astray::Refused)?;
    if random.dry || !random.rest.is_empty() {
        return Err(Astray::Diverged);
    }
    Ok(step)
}
