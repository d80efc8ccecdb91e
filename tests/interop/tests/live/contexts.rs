//! Both roles, every enctype, mutual or not, raw Kerberos and SPNEGO, then messages both ways.

use anyhow::{Context, Result};
use interop::conversation::establish;
use interop::enctype::Enctype;
use interop::endpoint::{Acceptor, Endpoint, Framing, Initiator, Step};
use interop::realm::{Realm, RealmOptions, SERVICE_PRINCIPAL, USER};

use crate::{Who, messages, pairs};

pairs!(aes128_sha1 => single_enctype, Enctype::AES128_SHA1);
pairs!(aes256_sha1 => single_enctype, Enctype::AES256_SHA1);
pairs!(aes128_sha256 => single_enctype, Enctype::AES128_SHA256);
pairs!(aes256_sha384 => single_enctype, Enctype::AES256_SHA384);
pairs!(rc4 => single_enctype, Enctype::RC4);
pairs!(camellia128 => single_enctype, Enctype::CAMELLIA128);
pairs!(camellia256 => single_enctype, Enctype::CAMELLIA256);
pairs!(mixed => mixed_enctypes);
pairs!(any_framing => acceptor_takes_any_framing);

fn single_enctype(initiator: Who, acceptor: Who, enctype: Enctype) -> Result<()> {
    let realm = Realm::start(&RealmOptions::single(enctype))?;
    let ccache = realm.login()?;
    let (mut initiator, mut acceptor) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        for mutual in [true, false] {
            let mut ours = Initiator::new(framing, &ccache);
            let mut theirs = Acceptor::new(framing, realm.keytab());
            if mutual {
                ours = ours.flag("mutual");
            }
            if enctype == Enctype::RC4 {
                (ours, theirs) = (ours.allow("rc4"), theirs.allow("rc4"));
            }
            context(&mut initiator, &mut acceptor, &ours, &theirs)
                .with_context(|| format!("{framing:?}, mutual: {mutual}"))?;
        }
    }
    Ok(())
}

/// The ticket in one enctype, the session key in another, and an acceptor that may pick a third from the
/// initiator's list (RFC 4537).
fn mixed_enctypes(initiator: Who, acceptor: Who) -> Result<()> {
    let service = vec![Enctype::AES256_SHA384, Enctype::AES128_SHA1];
    let permitted = vec![Enctype::AES128_SHA1, Enctype::AES256_SHA1, Enctype::AES256_SHA384];
    let realm = Realm::start(&RealmOptions { service, permitted })?;
    // A session key that no party prefers.
    let config = realm.config_for(&[Enctype::AES128_SHA1, Enctype::AES256_SHA384])?;
    let ccache = realm.kinit_with(&config, &[])?;
    realm.kvno_with(&config, &ccache, SERVICE_PRINCIPAL)?;
    let listed = realm.klist(&["-e"], &ccache)?;
    assert!(listed.contains("(skey, tkt): aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192"), "{listed}");
    let (mut initiator, mut acceptor) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        let ours = Initiator::new(framing, &ccache).flag("mutual");
        let theirs = Acceptor::new(framing, realm.keytab());
        context(&mut initiator, &mut acceptor, &ours, &theirs).with_context(|| format!("{framing:?}"))?;
    }
    Ok(())
}

fn acceptor_takes_any_framing(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let (mut initiator, mut acceptor) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        let ours = Initiator::new(framing, &ccache).flag("mutual");
        let theirs = Acceptor::new(Framing::Any, realm.keytab());
        context(&mut initiator, &mut acceptor, &ours, &theirs).with_context(|| format!("{framing:?}"))?;
    }
    Ok(())
}

fn context(
    initiator: &mut Endpoint,
    acceptor: &mut Endpoint,
    ours: &Initiator,
    theirs: &Acceptor,
) -> Result<()> {
    initiator.initiate(ours)?;
    acceptor.accept(theirs)?;
    let (initiated, accepted, _) = establish(initiator, acceptor)?;
    assert_eq!(initiated.peer.as_deref(), Some(SERVICE_PRINCIPAL));
    assert_eq!(accepted.peer.as_deref(), Some(USER));
    for step in [&initiated, &accepted] {
        assert_eq!(step.mech.as_deref(), Some("krb5"));
        assert_eq!(granted(step), ours.flags, "as asked, no more and no less: {step:?}");
        assert_ne!(step.channel_bound, Some(true));
    }
    let key = initiator.session_key()?;
    assert!(key.len() >= 16, "a key of {} bytes", key.len());
    assert_eq!(key, acceptor.session_key()?);
    messages::exchange(initiator, acceptor)
}

/// The flags that both sides have to agree on, in the order of the request.
fn granted(step: &Step) -> Vec<&'static str> {
    const AGREED: &[&str] = &["replay", "sequence", "conf", "integ", "mutual", "deleg", "dce", "anon"];
    AGREED.iter().copied().filter(|flag| step.has_flag(flag)).collect()
}
