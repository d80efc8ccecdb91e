//! Per-message tokens.

use crate::input::{Input, check_error, rng};
use ::gss_core::{MessageError, Opener as _, Protection, Role, Sealer as _, SequenceStatus};
use ::gss_ntlm::SessionKey;
use ::gss_ntlm::message::{Opener, Parameters, Sealer, halves};
use ::gss_ntlm::wire::NegotiateFlags;

/// Most operations on one context.
const MAX_OPERATIONS: usize = 16;
/// Bytes of a signature.
const SIGNATURE: usize = 16;

/// One context with a peer of its own, and the same context with any tokens.
pub fn operations(input: &[u8]) {
    let mut input = Input::new(input);
    let (choices, flags) = (input.byte(), NegotiateFlags::from_bits(input.u32()));
    let (role, peer) = match choices & 1 {
        0 => (Role::Initiator, Role::Acceptor),
        _ => (Role::Acceptor, Role::Initiator),
    };
    let key = SessionKey::from_bytes(core::array::from_fn(|_| input.byte()));
    let parameters = |role| Parameters { role, key: &key, flags };
    let protects = flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL);
    let strong = flags.intersects(NegotiateFlags::KEY_128 | NegotiateFlags::KEY_56)
        && flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY);
    let (_, opener) = match halves(&parameters(role)) {
        Ok(halves) => halves,
        Err(error) => {
            assert!(protects && !strong);
            return check_error(&error);
        }
    };
    assert!(!protects || strong);
    let (_, fed) = halves(&parameters(role)).expect("as before");
    let (sealer, _) = halves(&parameters(peer)).expect("as before");
    let mut ends = Ends { sealer, opener, fed, protects, flags };
    for _ in 0..MAX_OPERATIONS {
        if input.is_empty() {
            break;
        }
        ends.operation(&mut input);
    }
}

struct Ends {
    sealer: Sealer,
    /// Gets what `sealer` makes, and what is refused before it is looked into.
    opener: Opener,
    /// Gets anything.
    fed: Opener,
    protects: bool,
    flags: NegotiateFlags,
}

impl Ends {
    fn operation(&mut self, input: &mut Input<'_>) {
        match input.byte() % 6 {
            0 => self.unwrap_any(input.chunk()),
            1 => self.verify_any(input.chunk(), input.chunk()),
            2 => self.message(Protection::Confidentiality, input.chunk()),
            3 => self.message(Protection::Integrity, input.chunk()),
            4 => self.mic(input.chunk()),
            _ => self.out_of_order(input.u32(), input.chunk()),
        }
    }

    fn unwrap_any(&mut self, token: &[u8]) {
        let mut buffer = token.to_vec();
        match self.fed.unwrap(&mut buffer) {
            Ok(unwrapped) => {
                assert!(self.protects);
                assert_eq!(unwrapped.message.len() + SIGNATURE, token.len());
                self.never_again(token);
            }
            Err(error) => check_error(&error),
        }
    }

    fn verify_any(&mut self, message: &[u8], mic: &[u8]) {
        match self.fed.verify_mic(message, mic) {
            Ok(_) => {
                assert!(self.protects && mic.len() == SIGNATURE);
                self.never_again(mic);
            }
            Err(error) => check_error(&error),
        }
    }

    /// A number is taken once; datagrams are told apart by their status.
    fn never_again(&mut self, token: &[u8]) {
        let again = self.fed.unwrap(&mut token.to_vec()).map(|unwrapped| unwrapped.sequence);
        if self.flags.contains(NegotiateFlags::DATAGRAM) {
            assert_ne!(again, Ok(SequenceStatus::Ok));
        } else {
            assert_eq!(again, Err(MessageError::OutOfSequence(SequenceStatus::Duplicate)));
        }
    }

    fn message(&mut self, protection: Protection, message: &[u8]) {
        let mut token = Vec::new();
        let made = self.sealer.wrap(protection, message, &mut token, &mut rng());
        let seals = self.flags.contains(NegotiateFlags::SEAL);
        assert_eq!(made, if self.protects { Ok(()) } else { Err(MessageError::Unavailable) });
        if !self.protects {
            return assert!(token.is_empty());
        }
        assert_eq!(token.len(), self.sealer.overhead(protection, message.len()).header + message.len());
        let unwrapped = self.opener.unwrap(&mut token).expect("a message of the peer");
        assert_eq!((unwrapped.message.len(), unwrapped.sequence), (message.len(), SequenceStatus::Ok));
        // Without SEAL only the checksum tells sealed messages from readable ones, and a fuzzer's checksums all pass.
        if seals || protection == Protection::Integrity {
            assert_eq!(&*unwrapped.message, message);
            assert_eq!(unwrapped.protection == Protection::Confidentiality, seals);
        }
    }

    fn mic(&mut self, message: &[u8]) {
        let mut mic = Vec::new();
        if self.sealer.get_mic(message, &mut mic).is_err() {
            return assert!(!self.protects && mic.is_empty());
        }
        assert_eq!(mic.len(), SIGNATURE);
        assert_eq!(self.opener.verify_mic(message, &mic), Ok(SequenceStatus::Ok));
    }

    /// A token with another number is refused, untouched, and the next good one is taken.
    fn out_of_order(&mut self, number: u32, message: &[u8]) {
        let mut token = Vec::new();
        if self.flags.contains(NegotiateFlags::DATAGRAM)
            || self.sealer.wrap(Protection::Integrity, message, &mut token, &mut rng()).is_err()
        {
            return;
        }
        let mut other = token.clone();
        other[12..16].copy_from_slice(&number.to_le_bytes());
        if other != token {
            let before = other.clone();
            let refused = self.opener.unwrap(&mut other).map(|unwrapped| unwrapped.sequence);
            assert!(matches!(refused, Err(MessageError::OutOfSequence(_))));
            assert_eq!(other, before);
        }
        let unwrapped = self.opener.unwrap(&mut token).expect("a message of the peer");
        assert_eq!(&*unwrapped.message, message);
    }
}
