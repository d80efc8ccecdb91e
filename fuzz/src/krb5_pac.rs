//! Oracles for `krb5-pac`.

use ::krb5_crypto::{EncType, Key};
use ::krb5_pac::{
    Attributes, BufferType, ClientInfo, CredentialInfo, DelegationInfo, DeviceInfo, LogonInfo, Pac,
    PacBuilder, PacError, Sid, SignatureKind, SigningKeys, UpnDnsInfo, VerifyingKeys,
};

use crate::input::Input;

/// A whole PAC.
///
/// Laid out again it has the same buffers, and the same bytes where the layout was the usual one. Signed anew all
/// signatures are right.
pub fn container(bytes: &[u8]) {
    let pac = match Pac::parse(bytes) {
        Ok(pac) => pac,
        Err(error) => return place(&error, bytes),
    };
    let builder = PacBuilder::from_pac(&pac);
    // Buffers that lay close together may need more room when each begins at a multiple of 8 and ends at one.
    let Ok(written) = builder.to_bytes() else { return };
    let again = Pac::parse(&written).expect("what was laid out can be read");
    let content =
        |pac: &Pac<'_>| pac.buffers().map(|it| (it.buffer_type, it.content.to_vec())).collect::<Vec<_>>();
    assert_eq!(content(&again), content(&pac));
    let places = |pac: &Pac<'_>| pac.buffers().map(|it| it.offset).collect::<Vec<_>>();
    if places(&again) == places(&pac) && written.len() == bytes.len() {
        for (at, (new, old)) in written.iter().zip(bytes).enumerate() {
            let inside = |it: ::krb5_pac::Buffer<'_>| (it.offset..it.offset + it.content.len()).contains(&at);
            assert!(new == old || !pac.buffers().any(inside), "byte {at}");
        }
    }
    assert_eq!(PacBuilder::from_pac(&again).to_bytes().as_ref(), Ok(&written));

    let verdicts = pac.verify(&VerifyingKeys::default());
    for kind in SignatureKind::ALL {
        assert!(!verdicts.of(kind).is_verified(), "there is no key");
    }
    sign(&builder);
}

fn sign(builder: &PacBuilder) {
    let key = |byte| Key::new(EncType::AES128_CTS_HMAC_SHA1_96, &[byte; 16]).expect("a key of its length");
    let (server, kdc) = (key(1), key(2));
    let Ok(signed) = builder.sign(&SigningKeys::new(&server, &kdc).with_ticket(b"ticket")) else { return };
    let pac = Pac::parse(&signed).expect("what was signed can be read");
    let keys = VerifyingKeys { server: Some(&server), kdc: Some(&kdc), ticket: Some(b"ticket") };
    let verdicts = pac.verify(&keys);
    for kind in SignatureKind::ALL {
        assert!(verdicts.of(kind).is_verified(), "{kind}: {:?}", verdicts.of(kind));
    }
}

/// Errors say where in the bytes, and something about it.
fn place(error: &PacError, bytes: &[u8]) {
    assert!(error.offset <= bytes.len() && !error.to_string().is_empty(), "{error:?}");
}

/// The content of one buffer, whose kind the first byte picks.
///
/// What was read and written is read as the same, and from then on written as the same bytes.
pub fn content(input: &[u8]) {
    let mut input = Input::new(input);
    let read = *input.pick(&[logon, client, upn, attributes, requestor, delegation, device, credentials]);
    let content = input.rest();
    match read(content) {
        Err(error) => place(&error, content),
        Ok(None) => {}
        Ok(Some((buffer_type, first))) => {
            assert!(first.len() <= 2 * content.len() + 128, "{} from {}", first.len(), content.len());
            assert_eq!(read(&first), Ok(Some((buffer_type, first.clone()))));
        }
    }
}

/// What comes out when a buffer is read and written; `None` if it does not fit its fields any more.
type Rewritten = Result<Option<(BufferType, Vec<u8>)>, PacError>;

fn written<E>(builder: Result<PacBuilder, E>) -> Rewritten {
    let bytes = builder.ok().and_then(|builder| builder.to_bytes().ok());
    Ok(bytes.map(|bytes| {
        let pac = Pac::parse(&bytes).expect("what was laid out can be read");
        let buffer = pac.buffers().next().expect("it has one buffer");
        (buffer.buffer_type, buffer.content.to_vec())
    }))
}

fn logon(content: &[u8]) -> Rewritten {
    let info = LogonInfo::parse(content)?;
    let _ = format!("{info:?}");
    // Two that are numbers of their own, and eight bytes or more for each in a list.
    let count = info.sids().count();
    assert!(count <= 2 + content.len() / 8, "{count} SIDs from {} bytes", content.len());
    let listed = info.groups.len() + info.extra_sids.len() + info.resource_groups.len();
    assert_eq!(
        listed,
        info.groups.iter().count() + info.extra_sids.iter().count() + info.resource_groups.iter().count()
    );
    for identity in info.sids() {
        assert_eq!(identity.sid().to_string().parse(), Ok(identity.sid()));
    }
    written(PacBuilder::new().logon_info(&info))
}

fn client(content: &[u8]) -> Rewritten {
    written(PacBuilder::minimal(&ClientInfo::parse(content)?))
}

fn upn(content: &[u8]) -> Rewritten {
    let info = UpnDnsInfo::parse(content)?;
    // Fields may share bytes, so that short ones can become long.
    if content.len() > 4096 {
        return Ok(None);
    }
    let rewritten = written(PacBuilder::new().upn_dns_info(&info));
    Ok(rewritten?.filter(|(_, bytes)| bytes.len() <= 2 * content.len() + 128))
}

fn attributes(content: &[u8]) -> Rewritten {
    written(Ok::<_, PacError>(PacBuilder::new().attributes(&Attributes::parse(content)?)))
}

fn requestor(content: &[u8]) -> Rewritten {
    let sid = Sid::from_bytes(content)?;
    let rewritten = written(Ok::<_, PacError>(PacBuilder::new().requestor_sid(&sid)))?;
    assert!(rewritten.as_ref().is_some_and(|(_, bytes)| bytes == content), "a SID has one form");
    Ok(rewritten)
}

fn delegation(content: &[u8]) -> Rewritten {
    let info = DelegationInfo::parse(content)?;
    assert_eq!(info.transited.len(), info.transited.iter().count());
    written(PacBuilder::new().delegation_info(&info))
}

fn device(content: &[u8]) -> Rewritten {
    let info = DeviceInfo::parse(content)?;
    assert_eq!(info.domain_groups.len(), info.domain_groups.iter().count());
    written(PacBuilder::new().device_info(&info))
}

fn credentials(content: &[u8]) -> Rewritten {
    let info = CredentialInfo::parse(content)?;
    written(Ok::<_, PacError>(PacBuilder::new().credential_info(&info)))
}
