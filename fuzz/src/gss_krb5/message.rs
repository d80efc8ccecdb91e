//! Per-message tokens of RFC 4121 and RFC 4757.

use crate::input::{Input, check_error, rng};
use crate::krb5_crypto::key;
use ::gss_core::{ContextFlags, MessageError, Opener as _, Protection, Role, Sealer as _, SequenceStatus};
use ::gss_krb5::message::{Layout, Opener, Parameters, Sealer, Segment, halves};

/// Most operations on one context.
const MAX_OPERATIONS: usize = 16;
/// Bytes of the header of RFC 4121.
const HEADER: usize = 16;

/// One context, and any tokens: those of a peer, those of our own peer rotated by any number, and what nobody sent.
pub fn operations(input: &[u8]) {
    let mut input = Input::new(input);
    let choices = input.byte();
    let key = key(&mut input);
    let sequence = u64::from(input.u32());
    let mut flags = ContextFlags::NONE;
    for (bit, flag) in
        [ContextFlags::REPLAY, ContextFlags::SEQUENCE, ContextFlags::DCE_STYLE].into_iter().enumerate()
    {
        if choices & (1 << bit) != 0 {
            flags |= flag;
        }
    }
    let role = if choices & 8 == 0 { Role::Initiator } else { Role::Acceptor };
    let peer = if choices & 8 == 0 { Role::Acceptor } else { Role::Initiator };
    let parameters = |role| Parameters {
        role,
        key: &key,
        acceptor_subkey: choices & 16 != 0,
        send_sequence: sequence,
        receive_sequence: sequence,
        flags,
    };
    let (_, opener) = halves(&parameters(role)).expect("an enctype of this build");
    let (sealer, _) = halves(&parameters(peer)).expect("an enctype of this build");
    let mut ends = Ends { opener, sealer, flags, cfx: key.enctype().uses_cfx() };
    for _ in 0..MAX_OPERATIONS {
        if input.is_empty() {
            break;
        }
        ends.operation(&mut input);
    }
}

struct Ends {
    opener: Opener,
    sealer: Sealer,
    flags: ContextFlags,
    cfx: bool,
}

impl Ends {
    fn operation(&mut self, input: &mut Input<'_>) {
        match input.byte() % 6 {
            0 => self.unwrap_any(input.chunk()),
            1 => self.verify_any(input.chunk(), input.chunk()),
            2 => self.unwrap_any_segments(input),
            3 => self.rotated(protection(input), input.u16(), input.chunk()),
            4 => self.mic(input.chunk()),
            _ => self.segments(protection(input), input),
        }
    }

    fn unwrap_any(&mut self, token: &[u8]) {
        let mut buffer = token.to_vec();
        match self.opener.unwrap(&mut buffer) {
            Ok(unwrapped) => {
                assert!(unwrapped.message.len() < token.len());
                let again = self.opener.unwrap(&mut token.to_vec()).expect("as before").sequence;
                assert!(!self.flags.contains(ContextFlags::REPLAY) || again != SequenceStatus::Ok);
            }
            Err(error) => check_error(&error),
        }
    }

    fn verify_any(&mut self, message: &[u8], mic: &[u8]) {
        match self.opener.verify_mic(message, mic) {
            Ok(_) => {
                let again = self.opener.verify_mic(message, mic).expect("as before");
                assert!(!self.flags.contains(ContextFlags::REPLAY) || again != SequenceStatus::Ok);
            }
            Err(error) => check_error(&error),
        }
    }

    fn unwrap_any_segments(&mut self, input: &mut Input<'_>) {
        let [mut header, mut one, mut two, mut trailer] = [(); 4].map(|()| input.chunk().to_vec());
        let mut segments = [Segment::Data(&mut one), Segment::SignOnly(b"signed"), Segment::Data(&mut two)];
        if let Err(error) = self.opener.unwrap_segments(&mut header, &mut segments, &mut trailer) {
            check_error(&error);
        }
    }

    /// RFC 4121 section 4.2.5: a receiver takes any rotation.
    fn rotated(&mut self, protection: Protection, count: u16, message: &[u8]) {
        let mut token = Vec::new();
        self.sealer.wrap(protection, message, &mut token, &mut rng()).expect("numbers are left");
        let overhead = self.sealer.overhead(protection, message.len());
        assert_eq!(token.len(), overhead.header + message.len() + overhead.trailer);
        if self.cfx {
            let [_, _, _, _, high, low, ..] = token[..] else { panic!("a header has 16 bytes") };
            let ec = usize::from(u16::from_be_bytes([high, low]));
            token[6..8].copy_from_slice(&count.to_be_bytes());
            // In DCE style peers rotate sealed messages by EC more.
            let more =
                self.flags.contains(ContextFlags::DCE_STYLE) && protection == Protection::Confidentiality;
            let count = usize::from(count) + if more && count != 0 { ec } else { 0 };
            let body = &mut token[HEADER..];
            let len = body.len();
            body.rotate_right(count % len);
        }
        let unwrapped = self.opener.unwrap(&mut token).expect("a message of the peer");
        assert_eq!((&*unwrapped.message, unwrapped.protection), (message, protection));
    }

    fn mic(&mut self, message: &[u8]) {
        let mut mic = Vec::new();
        self.sealer.get_mic(message, &mut mic).expect("numbers are left");
        assert!(self.opener.verify_mic(message, &mic).is_ok());
        let unwrapped = self.opener.unwrap(&mut mic);
        assert!(matches!(unwrapped, Err(MessageError::UnexpectedTokenId { .. })), "a MIC is no message");
    }

    fn segments(&mut self, protection: Protection, input: &mut Input<'_>) {
        let layout =
            if input.byte().is_multiple_of(2) { Layout::HeaderAndTrailer } else { Layout::HeaderOnly };
        let [signed, one, two] = [(); 3].map(|()| input.chunk());
        let (mut first, mut second) = (one.to_vec(), two.to_vec());
        let overhead = self.sealer.segment_overhead(protection, layout, one.len() + two.len());
        let (mut header, mut trailer) = (vec![0; overhead.header], vec![0; overhead.trailer]);
        let mut segments = [Segment::Data(&mut first), Segment::SignOnly(signed), Segment::Data(&mut second)];
        self.sealer
            .wrap_segments(protection, &mut header, &mut segments, &mut trailer, &mut rng())
            .expect("numbers are left");
        let opened = self.opener.unwrap_segments(&mut header, &mut segments, &mut trailer);
        assert_eq!(opened.expect("a message of the peer").protection, protection);
        assert_eq!((&*first, &*second), (one, two));
    }
}

fn protection(input: &mut Input<'_>) -> Protection {
    if input.byte().is_multiple_of(2) { Protection::Integrity } else { Protection::Confidentiality }
}
