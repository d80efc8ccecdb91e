//! The half that takes messages from the peer.

use super::half::Half;
use super::signature::{Counter, Signature};
use core::cmp::Ordering;
use core::fmt;
use gss_core::sequence::{ReceiveWindow, Width};
use gss_core::{ContextFlags, MessageError, Protection, SequenceStatus, Unwrapped};
use zeroize::Zeroize;

/// Takes messages from the peer. Made by [`halves`](super::halves).
pub struct Opener {
    half: Option<Half>, // None: messages are not protected
    order: Order,
}

/// Which messages can come next.
#[derive(Debug)]
enum Order {
    /// The next one: all share one key stream.
    Strict(Counter),
    /// None: one did not verify.
    Lost,
    /// Any: datagrams.
    Any(ReceiveWindow),
}

impl Order {
    fn start(datagram: bool) -> Self {
        if datagram {
            let detected = ContextFlags::REPLAY | ContextFlags::SEQUENCE;
            Self::Any(ReceiveWindow::new(Width::Bits32, 0, detected))
        } else {
            Self::Strict(Counter::START)
        }
    }

    fn check_alive(&self) -> Result<(), MessageError> {
        match self {
            Self::Lost => Err(MessageError::KeyStreamLost),
            Self::Strict(_) | Self::Any(_) => Ok(()),
        }
    }

    /// Whether the key stream is at the message of this number.
    fn check(&self, number: u32) -> Result<(), MessageError> {
        let Self::Strict(next) = self else {
            return self.check_alive();
        };
        match number.cmp(&next.current()?) {
            Ordering::Equal => Ok(()),
            Ordering::Less => Err(MessageError::OutOfSequence(SequenceStatus::Duplicate)),
            Ordering::Greater => Err(MessageError::OutOfSequence(SequenceStatus::Gap)),
        }
    }

    /// Takes note of how the work on a message ended.
    fn note(&mut self, number: u32, verified: bool) -> Result<SequenceStatus, MessageError> {
        match self {
            Self::Any(window) if verified => return Ok(window.note(number.into())),
            Self::Strict(next) if verified => {
                next.advance();
                return Ok(SequenceStatus::Ok);
            }
            Self::Any(_) => {}
            Self::Strict(_) | Self::Lost => *self = Self::Lost,
        }
        Err(MessageError::BadMic)
    }
}

impl Opener {
    pub(super) fn new(half: Option<Half>) -> Self {
        let order = Order::start(half.as_ref().is_some_and(|half| half.datagram));
        Self { half, order }
    }

    /// Back to the start of the key stream; sequence numbers go on. An opener that a message ended stays so.
    pub(crate) fn rewind(&mut self) {
        if let Some(half) = &mut self.half {
            half.rewind();
        }
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, number: u32) {
        if let Order::Strict(next) = &mut self.order {
            *next = Counter::at(number);
        }
    }
}

impl gss_core::Opener for Opener {
    fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        let half = self.half.as_mut().ok_or(MessageError::Unavailable)?;
        self.order.check_alive()?;
        let (Signature { checksum, number }, message) = Signature::split(token)?;
        self.order.check(number)?;
        let (offered, keys) = (half.offered, half.keys(number));
        let opened = match offered {
            Protection::Confidentiality => keys.open(number, message, checksum).then_some(offered),
            Protection::Integrity => keys.verify_or_open(number, message, checksum),
        };
        let noted = self.order.note(number, opened.is_some());
        match (noted, opened) {
            (Ok(sequence), Some(protection)) => Ok(Unwrapped { message, protection, sequence }),
            (noted, _) => {
                message.zeroize();
                Err(noted.err().unwrap_or(MessageError::BadMic))
            }
        }
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        let half = self.half.as_mut().ok_or(MessageError::Unavailable)?;
        self.order.check_alive()?;
        let Signature { checksum, number } = Signature::parse(mic)?;
        self.order.check(number)?;
        let verified = half.keys(number).verify(number, message, checksum);
        self.order.note(number, verified)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("order", &self.order).finish_non_exhaustive()
    }
}
