//! Rules of the container, and of the buffers that are not NDR.

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_pac::{
    AttributeFlags, Attributes, BufferType, ClientInfo, CredentialInfo, MAX_PAC_LEN, Pac, PacBuilder,
    PacError, PacErrorKind, UpnDnsInfo,
};

use crate::samples::{client, upn};

const TABLE: &str = "table of buffers";

fn error(kind: PacErrorKind, field: &'static str, offset: usize) -> PacError {
    PacError { kind, field, offset }
}

/// Client info (20 bytes) at 56, attributes (8) at 80, empty buffer at 88.
fn pac() -> Vec<u8> {
    let builder =
        PacBuilder::minimal(&client()).unwrap().attributes(&Attributes::new(AttributeFlags::REQUESTED));
    builder.buffer(BufferType(99), Vec::new()).to_bytes().unwrap()
}

pub(crate) fn put(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..][..new.len()].copy_from_slice(new);
    bytes
}

#[track_caller]
fn refused(bytes: &[u8], kind: PacErrorKind, offset: usize) {
    assert_eq!(Pac::parse(bytes).err(), Some(error(kind, TABLE, offset)));
}

#[test]
fn the_table_is_checked_before_it_is_used() {
    let pac = pac();
    assert_eq!(pac.len(), 88);
    for seen in [0, 65, 0x1000_0000, 0x1000_0001, 0x7fff_ffff, u32::MAX] {
        refused(&put(&pac, 0, &seen.to_le_bytes()), PacErrorKind::BufferCount { seen }, 0);
    }
    let (needed, available) = (64 * 16, 80);
    refused(&put(&pac, 0, &[64]), PacErrorKind::Truncated { needed, available }, 8);
    refused(&put(&pac, 4, &[1]), PacErrorKind::Version { seen: 1 }, 4);
    let long = vec![0; MAX_PAC_LEN + 1];
    refused(&long, PacErrorKind::TooLong { len: MAX_PAC_LEN + 1 }, 0);
    for len in 0..pac.len() {
        assert!(Pac::parse(&pac[..len]).is_err(), "{len}");
    }
}

#[test]
fn buffers_lie_inside_and_aligned() {
    let pac = pac();
    let (buffer_type, size) = (BufferType::CLIENT_INFO, 20);
    for start in [57, 60, u64::MAX - 1] {
        refused(&put(&pac, 16, &start.to_le_bytes()), PacErrorKind::Misaligned { buffer_type, start }, 8);
    }
    for start in [0, 8, 48, 88, 96, 1 << 32, (1 << 32) + 56, 1 << 63, u64::MAX - 7] {
        let kind = PacErrorKind::OutOfBounds { buffer_type, start, size };
        refused(&put(&pac, 16, &start.to_le_bytes()), kind, 8);
    }
    for size in [33, 88, 0x7fff_ffff, 0xffff_ffc8, u32::MAX] {
        let kind = PacErrorKind::OutOfBounds { buffer_type, start: 56, size };
        refused(&put(&pac, 12, &size.to_le_bytes()), kind, 8);
    }
    // The second entry, to see that errors name the right one.
    let kind = PacErrorKind::Misaligned { buffer_type: BufferType::ATTRIBUTES, start: 84 };
    refused(&put(&pac, 32, &[84]), kind, 24);
    // An empty buffer may lie at the end, and not behind it.
    assert!(Pac::parse(&pac).is_ok());
    let kind = PacErrorKind::OutOfBounds { buffer_type: BufferType(99), start: 96, size: 0 };
    refused(&put(&pac, 48, &[96]), kind, 40);
}

#[test]
fn buffers_do_not_share_bytes() {
    let pac = pac();
    let (one, other) = (BufferType::CLIENT_INFO, BufferType::ATTRIBUTES);
    refused(&put(&pac, 12, &[25]), PacErrorKind::Overlap { one, other }, 24);
    refused(&put(&pac, 32, &[72]), PacErrorKind::Overlap { one, other }, 24);
    // The empty one lies upon nothing, wherever it lies.
    assert!(Pac::parse(&put(&pac, 48, &[64])).is_ok());
}

#[test]
fn known_types_come_once_and_others_as_they_like() {
    let pac = pac();
    let buffer_type = BufferType::CLIENT_INFO;
    refused(&put(&pac, 24, &[10]), PacErrorKind::Duplicate { buffer_type }, 24);
    // Also if one of them is empty.
    refused(&put(&pac, 40, &[10]), PacErrorKind::Duplicate { buffer_type }, 40);
    let unknown = put(&pac, 24, &[99]);
    let parsed = Pac::parse(&unknown).unwrap();
    let buffers: Vec<_> =
        parsed.buffers().map(|buffer| (buffer.buffer_type.0, buffer.content.len())).collect();
    assert_eq!(buffers, [(10, 20), (99, 8), (99, 0)]);
    // The first one.
    assert_eq!(parsed.buffer(BufferType(99)).unwrap().offset, 80);
    assert_eq!(PacBuilder::from_pac(&parsed).to_bytes().as_deref(), Ok(&unknown[..]));
    for known in 1..=20 {
        let known = BufferType(known);
        let text = known.to_string();
        assert_eq!(text.starts_with("buffer type"), known.name().is_none(), "{text}");
    }
}

#[test]
fn the_order_in_the_table_need_not_be_that_of_the_bytes() {
    let pac = pac();
    let swapped = [&pac[..8], &pac[24..40], &pac[8..24], &pac[40..]].concat();
    let parsed = Pac::parse(&swapped).unwrap();
    assert_eq!(parsed.client_info().unwrap(), Some(client()));
    let offsets: Vec<_> = parsed.buffers().map(|buffer| buffer.offset).collect();
    assert_eq!(offsets, [80, 56, 88]);
}

#[test]
fn rules_of_the_client_info() {
    let bytes = pac()[56..76].to_vec();
    assert_eq!(ClientInfo::parse(&bytes), Ok(client()));
    for len in 0..bytes.len() {
        let refused = ClientInfo::parse(&bytes[..len]).unwrap_err();
        assert!(matches!(refused.kind, PacErrorKind::Truncated { .. }), "{len}: {refused}");
    }
    let refused = |bytes: &[u8]| ClientInfo::parse(bytes).unwrap_err();
    let longer = [&bytes[..], &[0, 0]].concat();
    assert_eq!(refused(&longer), error(PacErrorKind::TrailingData { excess: 2 }, "client info", 20));
    let odd = put(&bytes, 8, &[9]);
    assert_eq!(refused(&odd[..19]), error(PacErrorKind::OddLength { len: 9 }, "client name", 10));
    // In the PAC the offset is that in the PAC.
    let half = put(&pac(), 68, &[0, 0xd8]);
    let half = Pac::parse(&half).unwrap().client_info().unwrap_err();
    assert_eq!(half, error(PacErrorKind::UnpairedSurrogate { unit: 0xd800 }, "client name", 68));
    assert_eq!(half.to_string(), "PAC, client name: unit 0xd800 without its other half at byte 68");
    assert_eq!((half.blame(), half.code()), (Blame::Peer, "pac_unpaired_surrogate"));
    assert_eq!(half.major(), MajorStatus::DEFECTIVE_TOKEN);
}

#[test]
fn rules_of_the_upn() {
    let pac = PacBuilder::new().upn_dns_info(&upn()).unwrap().to_bytes().unwrap();
    let bytes = Pac::parse(&pac).unwrap().buffer(BufferType::UPN_DNS_INFO).unwrap().content.to_vec();
    assert_eq!(UpnDnsInfo::parse(&bytes), Ok(upn()));
    let size = bytes.len();
    let out = |start, len| PacErrorKind::FieldOutOfBounds { start, len, size };
    let refused =
        |at: usize, number: u16| UpnDnsInfo::parse(&put(&bytes, at, &number.to_le_bytes())).unwrap_err();
    // Length and offset of UPN, DNS name, SAM name and SID.
    let fields = [(0, "UPN"), (4, "DNS domain name"), (12, "SAM name"), (16, "SID beside the UPN")];
    for (at, field) in fields {
        let number = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let (len, start) = (number(at), number(at + 2));
        for outside in [0, 19, u16::MAX] {
            assert_eq!(refused(at + 2, outside), error(out(outside.into(), len), field, at));
        }
        assert_eq!(refused(at, u16::MAX - 1), error(out(start, 65_534), field, at));
    }
    assert_eq!(refused(0, 33).kind, PacErrorKind::OddLength { len: 33 });
    assert!(matches!(refused(16, 24).kind, PacErrorKind::Truncated { .. }), "a SID cut short");
    assert_eq!(refused(16, 29).kind, PacErrorKind::TrailingData { excess: 1 });
    // A SID of no bytes, said to lie far behind the end: the error is at the field that says so.
    let nowhere = put(&bytes, 16, &[0, 0, 0xff, 0xff]);
    let refused = UpnDnsInfo::parse(&nowhere).unwrap_err();
    assert_eq!(refused, error(PacErrorKind::Truncated { needed: 2, available: 0 }, "SID beside the UPN", 16));
    // Without the flag there is no SAM name, and the header ends before it.
    let short = put(&bytes, 8, &[1]);
    let short = UpnDnsInfo::parse(&short).unwrap();
    assert_eq!((short.extended, short.upn), (None, upn().upn));
    for len in 0..20 {
        let error = UpnDnsInfo::parse(&bytes[..len]).unwrap_err();
        assert!(matches!(error.kind, PacErrorKind::Truncated { .. }), "{len}");
    }
    // Where nothing lies does not matter.
    let empty = put(&bytes, 0, &[0; 4]);
    assert!(UpnDnsInfo::parse(&empty).unwrap().upn.is_empty());
    let simple = UpnDnsInfo { extended: None, flags: krb5_pac::UpnFlags::CONSTRUCTED, ..upn() };
    let pac = PacBuilder::new().upn_dns_info(&simple).unwrap().to_bytes().unwrap();
    assert_eq!(Pac::parse(&pac).unwrap().upn_dns_info(), Ok(Some(simple)));
}

#[test]
fn rules_of_attributes_and_credentials() {
    let attributes = |bits: u32, flags: &[u8]| Attributes::parse(&[&bits.to_le_bytes(), flags].concat());
    assert_eq!(attributes(2, &[1, 0, 0, 0]), Ok(Attributes { bits: 2, flags: AttributeFlags::REQUESTED }));
    assert_eq!(
        attributes(33, &[2, 0, 0, 0, 1, 0, 0, 0]).map(|seen| seen.flags),
        Ok(AttributeFlags::GIVEN_IMPLICITLY)
    );
    assert_eq!(attributes(0, &[]).map(|seen| seen.flags.0), Ok(0));
    for (bits, available) in [(2, 0), (2, 3), (2, 8), (0, 4), (32, 8), (33, 4), (u32::MAX, 4)] {
        let refused = attributes(bits, &[0; 8][..available]);
        assert_eq!(refused, Err(error(PacErrorKind::FlagBits { bits, available }, "attributes", 0)));
    }
    assert!(matches!(Attributes::parse(&[2, 0, 0]).unwrap_err().kind, PacErrorKind::Truncated { .. }));

    let credentials = [0, 0, 0, 0, 18, 0, 0, 0, 7];
    assert_eq!(CredentialInfo::parse(&credentials).unwrap().encrypted, [7]);
    let refused = CredentialInfo::parse(&put(&credentials, 0, &[1])).unwrap_err();
    assert_eq!(refused, error(PacErrorKind::Version { seen: 1 }, "credentials", 0));
    for len in 0..8 {
        let refused = CredentialInfo::parse(&credentials[..len]).unwrap_err();
        assert!(matches!(refused.kind, PacErrorKind::Truncated { .. }), "{len}");
    }
}

#[test]
fn the_requestor_is_one_sid() {
    let pac = |content: &[u8]| {
        let bytes = PacBuilder::new().buffer(BufferType::REQUESTOR_SID, content.to_vec()).to_bytes().unwrap();
        Pac::parse(&bytes).unwrap().requestor_sid()
    };
    let sid = krb5_pac::sid::well_known::BUILTIN_ADMINISTRATORS;
    assert_eq!(pac(&sid.to_bytes()), Ok(Some(sid)));
    let longer = [sid.to_bytes(), vec![0]].concat();
    let trailing = PacErrorKind::TrailingData { excess: 1 };
    assert_eq!(pac(&longer), Err(error(trailing, "requestor SID", 40)));
}
