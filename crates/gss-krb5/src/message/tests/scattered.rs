//! Messages in segments.

use super::*;
use crate::message::{Layout, MAX_SEGMENTS, Segment};
use gss_core::{MessageError, SequenceStatus};

const DCE: ContextFlags = DETECT.with(ContextFlags::DCE_STYLE);
const LAYOUTS: [Layout; 2] = [Layout::HeaderAndTrailer, Layout::HeaderOnly];

/// A message of two pieces of data with a signed one before, between and after.
struct Parts {
    header: Vec<u8>,
    first: Vec<u8>,
    second: Vec<u8>,
    trailer: Vec<u8>,
}

fn seal(sealer: &mut Sealer, protection: Protection, layout: Layout, signed: &[u8]) -> Parts {
    let (mut first, mut second) = (message(21), message(40));
    let overhead = sealer.segment_overhead(protection, layout, first.len() + second.len());
    let (mut header, mut trailer) = (std::vec![0xcc; overhead.header], std::vec![0xdd; overhead.trailer]);
    let mut segments = [
        Segment::SignOnly(signed),
        Segment::Data(&mut first),
        Segment::SignOnly(signed),
        Segment::Data(&mut second),
        Segment::SignOnly(signed),
    ];
    sealer.wrap_segments(protection, &mut header, &mut segments, &mut trailer, &mut rng()).unwrap();
    Parts { header, first, second, trailer }
}

fn open(
    opener: &mut Opener,
    parts: &mut Parts,
    signed: &[u8],
) -> Result<(Protection, SequenceStatus), MessageError> {
    let mut segments = [
        Segment::SignOnly(signed),
        Segment::Data(&mut parts.first),
        Segment::SignOnly(signed),
        Segment::Data(&mut parts.second),
        Segment::SignOnly(signed),
    ];
    opener
        .unwrap_segments(&mut parts.header, &mut segments, &mut parts.trailer)
        .map(|open| (open.protection, open.sequence))
}

#[test]
fn without_signed_pieces_the_token_is_that_of_wrap() {
    for enctype in enctypes() {
        for protection in BOTH {
            let mut one = ends(enctype, DETECT).initiator.0;
            let mut other = ends(enctype, DETECT).initiator.0;
            let parts = seal(&mut one, protection, Layout::HeaderAndTrailer, b"");
            let token = wrap(&mut other, protection, &[message(21), message(40)].concat());
            let joined = [parts.header, parts.first, parts.second, parts.trailer].concat();
            assert_eq!(joined, token, "{enctype} {protection:?}");
        }
    }
}

#[test]
fn both_layouts_come_back_in_every_style() {
    for enctype in enctypes() {
        for flags in [DETECT, DCE] {
            let mut ends = ends(enctype, flags);
            for (protection, layout) in BOTH.into_iter().flat_map(|p| LAYOUTS.map(|layout| (p, layout))) {
                for signed in [&b""[..], b"signed"] {
                    for (sealer, opener) in [
                        (&mut ends.initiator.0, &mut ends.acceptor.1),
                        (&mut ends.acceptor.0, &mut ends.initiator.1),
                    ] {
                        let mut parts = seal(sealer, protection, layout, signed);
                        assert_eq!(parts.first == message(21), protection == Protection::Integrity);
                        assert_eq!(
                            open(opener, &mut parts, signed),
                            Ok((protection, SequenceStatus::Ok)),
                            "{enctype} {flags} {protection:?} {layout:?}"
                        );
                        assert_eq!((parts.first, parts.second), (message(21), message(40)));
                    }
                }
            }
        }
    }
}

/// A rotated token laid end to end is an ordinary token for `unwrap`, in DCE style too.
#[test]
fn joined_segments_are_a_token() {
    for enctype in cfx_enctypes() {
        for flags in [DETECT, DCE] {
            let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, flags);
            for (protection, layout) in BOTH.into_iter().flat_map(|p| LAYOUTS.map(|layout| (p, layout))) {
                let parts = seal(&mut sealer, protection, layout, b"");
                let token = [parts.header, parts.first, parts.second, parts.trailer].concat();
                assert_eq!(
                    unwrap_copy(&mut opener, &token),
                    Ok(([message(21), message(40)].concat(), protection, SequenceStatus::Ok)),
                    "{enctype} {flags} {protection:?} {layout:?}"
                );
            }
        }
    }
}

/// What MS-KILE section 3.4.5.4.1 says Windows sends: EC 16, RRC 28, 76 bytes in front of the message.
#[test]
fn dce_style_has_the_numbers_of_windows() {
    let mut sealer = ends(EncType(18), DCE).initiator.0;
    let parts = seal(&mut sealer, Protection::Confidentiality, Layout::HeaderOnly, b"");
    assert_eq!(parts.header.len(), 76);
    assert_eq!(parts.header[4..8], [0, 16, 0, 28]);
    let parts = seal(&mut sealer, Protection::Integrity, Layout::HeaderOnly, b"");
    assert_eq!(parts.header.len(), 28);
    assert_eq!(parts.header[4..8], [0, 12, 0, 12]);
    // Without DCE style there is no filler.
    let mut sealer = ends(EncType(18), DETECT).initiator.0;
    let parts = seal(&mut sealer, Protection::Confidentiality, Layout::HeaderOnly, b"");
    assert_eq!(parts.header.len(), 60);
    assert_eq!(parts.header[4..8], [0, 0, 0, 28]);
}

#[cfg(feature = "rc4")]
#[test]
fn dce_style_rc4_has_no_padding_and_frames_the_header_only() {
    let mut sealer = ends(EncType::RC4_HMAC, DCE).initiator.0;
    let parts = seal(&mut sealer, Protection::Confidentiality, Layout::HeaderAndTrailer, b"");
    assert_eq!((parts.header.len(), parts.trailer.len()), (45, 0));
    assert_eq!(parts.header[..2], [0x60, 43]);
}

#[test]
fn every_changed_part_is_noticed_and_nothing_decrypted_is_left() {
    for enctype in enctypes() {
        for flags in [DETECT, DCE] {
            let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, flags);
            for (protection, layout) in BOTH.into_iter().flat_map(|p| LAYOUTS.map(|layout| (p, layout))) {
                let fresh = seal(&mut sealer, protection, layout, b"signed");
                let copy = || Parts {
                    header: fresh.header.clone(),
                    first: fresh.first.clone(),
                    second: fresh.second.clone(),
                    trailer: fresh.trailer.clone(),
                };
                let refused = |opener: &mut Opener, mut parts: Parts, signed: &[u8]| {
                    let before = parts.first.clone();
                    let error = open(opener, &mut parts, signed).unwrap_err();
                    if protection == Protection::Confidentiality {
                        let wiped = parts.first.iter().chain(&parts.second).all(|byte| *byte == 0);
                        assert!(wiped || parts.first == before, "{enctype} {error}");
                    }
                };
                refused(&mut opener, copy(), b"signec");
                for offset in 0..fresh.header.len() {
                    // The number of RC4 tokens is not signed, see `tampering`.
                    if !enctype.uses_cfx() && (21..25).contains(&offset) {
                        continue;
                    }
                    let mut parts = copy();
                    parts.header[offset] ^= 1;
                    refused(&mut opener, parts, b"signed");
                }
                for offset in 0..fresh.trailer.len() {
                    let mut parts = copy();
                    parts.trailer[offset] ^= 1;
                    refused(&mut opener, parts, b"signed");
                }
                let mut parts = copy();
                parts.second[39] ^= 1;
                refused(&mut opener, parts, b"signed");
                let mut parts = copy();
                parts.header.push(0);
                refused(&mut opener, parts, b"signed");
                let mut parts = copy();
                parts.header.pop();
                refused(&mut opener, parts, b"signed");
                let mut parts = copy();
                parts.trailer.push(0);
                refused(&mut opener, parts, b"signed");
                if enctype.uses_cfx() && layout == Layout::HeaderAndTrailer {
                    for len in [fresh.trailer.len() - 1, fresh.trailer.len() + 1] {
                        let mut parts = copy();
                        parts.trailer.resize(len, 0);
                        let error = open(&mut opener, &mut parts, b"signed").unwrap_err();
                        assert!(matches!(error, MessageError::Malformed(_)), "{error}");
                    }
                }
                assert_eq!(open(&mut opener, &mut copy(), b"signed"), Ok((protection, SequenceStatus::Ok)));
            }
        }
    }
}

#[test]
fn small_buffers_and_too_many_segments_use_no_number() {
    for enctype in enctypes() {
        for protection in BOTH {
            let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
            let overhead = sealer.segment_overhead(protection, Layout::HeaderAndTrailer, 0);
            let (mut header, mut trailer) = (std::vec![0; overhead.header], std::vec![0; overhead.trailer]);
            let short = header.len() - 1;
            let error = sealer
                .wrap_segments(protection, &mut header[..short], &mut [], &mut trailer, &mut rng())
                .unwrap_err();
            assert!(matches!(error, MessageError::BufferTooSmall(full) if full.needed == 1));
            let mut many: Vec<_> = (0..=MAX_SEGMENTS).map(|_| Segment::SignOnly(b"x")).collect();
            let outcome = sealer.wrap_segments(protection, &mut header, &mut many, &mut trailer, &mut rng());
            assert_eq!(outcome, Err(MessageError::Unavailable));
            assert_eq!(
                opener.unwrap_segments(&mut header, &mut many, &mut trailer),
                Err(MessageError::Unavailable)
            );
            many.pop();
            sealer.wrap_segments(protection, &mut header, &mut many, &mut trailer, &mut rng()).unwrap();
            let open = opener.unwrap_segments(&mut header, &mut many, &mut trailer).unwrap();
            assert_eq!((open.protection, open.sequence), (protection, SequenceStatus::Ok));
        }
    }
}
