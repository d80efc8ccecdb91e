//! PACs that were built, and what cannot be built.

use krb5_crypto::{EncType, Key};
use krb5_pac::{
    AttributeFlags, Attributes, BufferType, BuildError, ClientInfo, CredentialInfo, GroupMembership,
    MAX_BUFFERS, MAX_PAC_LEN, Pac, PacBuilder, PacErrorKind, SignatureKind, SigningKeys, Text, VerifyingKeys,
};

use crate::samples::{client, extra_sids, logon, upn};
use crate::support::tickets;

pub(crate) fn key(enctype: EncType, fill: u8) -> Key {
    Key::new(enctype, &vec![fill; enctype.key_len().unwrap()]).unwrap()
}

#[test]
fn signed_again_every_ticket_has_the_same_pac() {
    for (ticket, ..) in tickets() {
        let covered = ticket.covered();
        let pac = Pac::parse(&ticket.pac).unwrap();
        let keys = SigningKeys {
            ticket: ticket.has("ticket").then_some(&covered[..]),
            full: ticket.has("full"),
            ..SigningKeys::new(&ticket.key, &ticket.kdc_key)
        };
        assert_eq!(PacBuilder::from_pac(&pac).sign(&keys).as_ref(), Ok(&ticket.pac), "{}", ticket.name);
    }
}

#[test]
fn the_minimal_pac_is_that_of_mits_kdc() {
    let mut compared = 0;
    for (ticket, file, _) in tickets() {
        if !file.header("source").starts_with("MIT krb5 1.20") {
            continue;
        }
        let covered = ticket.covered();
        let client = Pac::parse(&ticket.pac).unwrap().client_info().unwrap().unwrap();
        let builder =
            PacBuilder::minimal(&ClientInfo { auth_time: client.auth_time, name: "alice".into() }).unwrap();
        let keys = SigningKeys {
            ticket: ticket.has("ticket").then_some(&covered[..]),
            ..SigningKeys::new(&ticket.key, &ticket.kdc_key)
        };
        assert_eq!(builder.sign(&keys).as_ref(), Ok(&ticket.pac), "{}", ticket.name);
        compared += 1;
    }
    assert_eq!(compared, 2);
}

#[test]
fn a_domains_pac_holds_what_was_put_in() {
    let (extra, attributes) = (extra_sids(), Attributes::new(AttributeFlags::REQUESTED));
    let logon = logon(&extra);
    let (server, kdc) = (key(EncType(18), 1), key(EncType(17), 2));
    let keys =
        SigningKeys { rodc_id: Some(0x1234), ..SigningKeys::new(&server, &kdc).with_ticket(b"ticket") };
    let credentials = CredentialInfo { enctype: EncType(18), encrypted: b"secret" };
    let bytes = PacBuilder::domain(&logon, &client(), &upn())
        .unwrap()
        .attributes(&attributes)
        .requestor_sid(&logon.user_sid().unwrap())
        .credential_info(&credentials)
        .buffer(BufferType::CLIENT_CLAIMS, vec![1, 2, 3])
        .buffer(BufferType(99), Vec::new())
        .sign(&keys)
        .unwrap();
    let pac = Pac::parse(&bytes).unwrap();
    assert_eq!(format!("{:?}", pac.logon_info().unwrap().unwrap()), format!("{logon:?}"));
    assert_eq!(pac.client_info().unwrap(), Some(client()));
    assert_eq!(pac.upn_dns_info().unwrap(), Some(upn()));
    assert_eq!(pac.attributes().unwrap(), Some(attributes));
    assert_eq!(pac.requestor_sid().unwrap(), logon.user_sid());
    assert_eq!(pac.credential_info().unwrap(), Some(credentials));
    assert_eq!(pac.buffer(BufferType::CLIENT_CLAIMS).unwrap().content, [1, 2, 3]);
    assert_eq!(pac.buffer(BufferType(99)).unwrap().content, []);
    assert_eq!((pac.delegation_info(), pac.device_info()), (Ok(None), Ok(None)));
    let verdicts =
        pac.verify(&VerifyingKeys { server: Some(&server), kdc: Some(&kdc), ticket: Some(b"ticket") });
    for kind in SignatureKind::ALL {
        assert!(verdicts.of(kind).is_verified(), "{kind}: {:?}", verdicts.of(kind));
        let rodc_id = pac.signature(kind).unwrap().unwrap().rodc_id;
        assert_eq!(rodc_id, (kind != SignatureKind::Server).then_some(0x1234), "{kind}");
    }
}

#[test]
fn signing_again_leaves_no_old_signature() {
    let (server, kdc) = (key(EncType(18), 1), key(EncType(18), 2));
    let keys = SigningKeys::new(&server, &kdc);
    let four = PacBuilder::minimal(&client()).unwrap().sign(&keys.with_ticket(b"ticket")).unwrap();
    let pac = Pac::parse(&four).unwrap();
    assert_eq!(pac.buffers().count(), 5);
    let two = PacBuilder::from_pac(&pac).sign(&keys).unwrap();
    assert_eq!(two, PacBuilder::minimal(&client()).unwrap().sign(&keys).unwrap());
}

#[test]
fn what_fits_no_field_is_not_built() {
    let long = "x".repeat(32_768);
    let name = Text::from(long.as_str());
    let too_long = |field, len| Some(BuildError::FieldTooLong { field, len });
    let client = ClientInfo { name, ..client() };
    assert_eq!(PacBuilder::minimal(&client).err(), too_long("client name", 65_536));
    let logon = krb5_pac::LogonInfo { effective_name: name, ..krb5_pac::LogonInfo::default() };
    assert_eq!(PacBuilder::new().logon_info(&logon).err(), too_long("account name", 65_536));
    // With its NUL this one would not fit.
    let longest = Text::from(&long[..32_767]);
    let logon = krb5_pac::LogonInfo { logon_server: longest, ..krb5_pac::LogonInfo::default() };
    assert_eq!(PacBuilder::new().logon_info(&logon).err(), too_long("logon server", 65_534));
    let logon = krb5_pac::LogonInfo { effective_name: longest, ..krb5_pac::LogonInfo::default() };
    assert!(PacBuilder::new().logon_info(&logon).is_ok());
    let upn = krb5_pac::UpnDnsInfo { upn: longest, ..upn() };
    assert_eq!(PacBuilder::new().upn_dns_info(&upn).err(), too_long("DNS domain name", 65_560));
}

#[test]
fn limits_of_the_container() {
    assert_eq!(PacBuilder::new().to_bytes(), Err(BuildError::BufferCount { seen: 0 }));
    let full = (0..64).fold(PacBuilder::new(), |builder, i| builder.buffer(BufferType(1000 + i), vec![7]));
    let bytes = full.to_bytes().unwrap();
    assert_eq!(Pac::parse(&bytes).unwrap().buffers().count(), MAX_BUFFERS);
    let more = full.buffer(BufferType(7000), Vec::new());
    assert_eq!(more.to_bytes(), Err(BuildError::BufferCount { seen: 65 }));

    let largest = PacBuilder::new().buffer(BufferType(99), vec![0; MAX_PAC_LEN - 24]);
    assert_eq!(largest.to_bytes().map(|bytes| bytes.len()), Ok(MAX_PAC_LEN));
    let larger = largest.buffer(BufferType(99), vec![0; MAX_PAC_LEN - 23]);
    assert_eq!(larger.to_bytes(), Err(BuildError::PacTooLong { len: MAX_PAC_LEN + 8 }));
}

#[test]
fn a_user_of_a_thousand_groups() {
    let groups: Vec<_> = (0..1015).map(GroupMembership::new).collect();
    let extra = extra_sids();
    let logon = krb5_pac::LogonInfo { groups: groups.as_slice().into(), ..logon(&extra) };
    let bytes = PacBuilder::new().logon_info(&logon).unwrap().to_bytes().unwrap();
    let pac = Pac::parse(&bytes).unwrap();
    let read = pac.logon_info().unwrap().unwrap();
    assert_eq!(read.groups, logon.groups);
    // User, primary group, 1014 others, two extra SIDs, one resource group.
    assert_eq!(read.sids().count(), 1019);
}

#[test]
fn a_name_with_a_nul_is_written_and_then_refused() {
    let client = ClientInfo { name: "alice\0x".into(), ..client() };
    let bytes = PacBuilder::minimal(&client).unwrap().to_bytes().unwrap();
    let refused = Pac::parse(&bytes).unwrap().client_info().unwrap_err();
    assert_eq!(refused.kind, PacErrorKind::Nul);
}
