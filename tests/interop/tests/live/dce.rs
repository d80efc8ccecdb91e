//! DCE style (three legs, unframed), and the rotated tokens that gss_wrap_iov makes.

use anyhow::{Context, Result, ensure};
use interop::conversation::establish;
use interop::enctype::Enctype;
use interop::endpoint::{Acceptor, Framing, Initiator};
use interop::realm::{Realm, RealmOptions};

use crate::{Who, messages, pairs};

pairs!(aes256_sha1 => dce_style, Enctype::AES256_SHA1);
pairs!(aes128_sha256 => dce_style, Enctype::AES128_SHA256);
pairs!(rc4 => dce_style, Enctype::RC4);

fn dce_style(initiator: Who, acceptor: Who, enctype: Enctype) -> Result<()> {
    let realm = Realm::start(&RealmOptions::single(enctype))?;
    let ccache = realm.login()?;
    let (mut initiator, mut acceptor) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        let ours = Initiator::new(framing, &ccache).flag("mutual").flag("dce").allow("rc4");
        initiator.initiate(&ours)?;
        acceptor.accept(&Acceptor::new(framing, realm.keytab()).allow("rc4"))?;
        let (initiated, accepted, outcome) = establish(&mut initiator, &mut acceptor)?;
        assert!(initiated.has_flag("dce") && accepted.has_flag("dce"), "{framing:?}");
        if framing == Framing::Raw {
            // AP-REQ, AP-REP, AP-REP: [APPLICATION 14] and twice [APPLICATION 15].
            let tags: Vec<_> = outcome.tokens.iter().map(|(_, token)| token[0]).collect();
            assert_eq!(tags, [0x6e, 0x6f, 0x6f]);
        }
        assert_eq!(initiator.session_key()?, acceptor.session_key()?);
        messages::exchange(&mut initiator, &mut acceptor).with_context(|| format!("{framing:?}"))?;
    }
    Ok(())
}

/// A token without a trailer buffer has its checksum rotated to the front, in DCE style by more than RRC says.
///
/// MIT's gss_unwrap turns by RRC alone and hence takes the tokens of DCE style only through gss_unwrap_iov.
fn rotated(who: Who, enctype: Enctype, dce: bool) -> Result<()> {
    let realm = Realm::start(&RealmOptions::single(enctype))?;
    let ccache = realm.login()?;
    let (mut initiator, mut acceptor) = (Who::Mit.start(&realm)?, who.start(&realm)?);
    let split = dce && who == Who::Mit;
    let request = Initiator::new(Framing::Raw, &ccache).flag("mutual");
    initiator.initiate(&if dce { request.flag("dce") } else { request })?;
    acceptor.accept(&Acceptor::new(Framing::Raw, realm.keytab()))?;
    establish(&mut initiator, &mut acceptor)?;
    for conf in [true, false] {
        for size in [0, 1, 15, 16, 17, 1000] {
            let message = vec![0x5a; size];
            let case = || format!("conf: {conf}, {size} bytes");
            let token = initiator.wrap_iov(&message, conf).with_context(case)?;
            // RFC 4121 section 4.2.6.2: RRC is at offset 6.
            ensure!(token[6..8] != [0, 0], "not rotated: {}", case());
            let opened = if split { acceptor.unwrap_iov(&token, size) } else { acceptor.unwrap(&token) };
            let opened = opened.with_context(case)?;
            assert_eq!((opened.conf, opened.data.as_deref()), (Some(conf), Some(&message[..])), "{}", case());
        }
    }
    Ok(())
}

#[test]
fn rotated_mit_to_ours() -> Result<()> {
    rotated(Who::Ours, Enctype::AES256_SHA1, false)?;
    rotated(Who::Ours, Enctype::AES256_SHA384, false)
}

#[test]
fn rotated_dce_style_mit_to_ours() -> Result<()> {
    rotated(Who::Ours, Enctype::AES256_SHA1, true)?;
    rotated(Who::Ours, Enctype::AES256_SHA384, true)
}

#[test]
fn rotated_mit_to_mit() -> Result<()> {
    rotated(Who::Mit, Enctype::AES256_SHA1, false)
}

#[test]
fn rotated_dce_style_mit_to_mit() -> Result<()> {
    rotated(Who::Mit, Enctype::AES256_SHA1, true)
}
