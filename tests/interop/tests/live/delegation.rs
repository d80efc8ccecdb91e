//! Forwarded tickets, in and out.

use anyhow::{Context, Result};
use interop::conversation::establish;
use interop::enctype::Enctype;
use interop::endpoint::{Acceptor, Framing, Initiator};
use interop::realm::{Realm, RealmOptions, SERVICE_PRINCIPAL, USER};

use crate::{Who, pairs};

pairs!(aes256_sha1 => delegation, Enctype::AES256_SHA1);
pairs!(aes256_sha384 => delegation, Enctype::AES256_SHA384);
pairs!(rc4 => delegation, Enctype::RC4);
pairs!(not_forwardable => not_forwardable_is_not_delegated);

fn delegation(initiator: Who, acceptor: Who, enctype: Enctype) -> Result<()> {
    let realm = Realm::start(&RealmOptions::single(enctype))?;
    let ccache = realm.login()?;
    let (mut initiator, mut acceptor) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    for framing in [Framing::Raw, Framing::Spnego] {
        for mutual in [true, false] {
            let mut ours = Initiator::new(framing, &ccache).flag("deleg");
            if mutual {
                ours = ours.flag("mutual");
            }
            initiator.initiate(&ours.allow("rc4"))?;
            acceptor.accept(&Acceptor::new(framing, realm.keytab()).allow("rc4"))?;
            let case = || format!("{framing:?}, mutual: {mutual}");
            let (initiated, accepted, _) = establish(&mut initiator, &mut acceptor).with_context(case)?;
            assert!(initiated.has_flag("deleg") && accepted.has_flag("deleg"), "{}", case());

            // The ticket that came is good for fetching another with.
            let delegated = realm.fresh_path("delegated");
            acceptor.store_delegated(&delegated).with_context(case)?;
            let listed = realm.klist(&["-f"], &delegated)?;
            assert!(listed.contains(&format!("Default principal: {USER}")), "{listed}");
            realm.kvno(&delegated, "host/localhost").with_context(case)?;
        }
    }
    Ok(())
}

fn not_forwardable_is_not_delegated(initiator: Who, acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.kinit_with(realm.config(), &["-F"])?;
    realm.kvno(&ccache, SERVICE_PRINCIPAL)?;
    let (mut initiator, mut acceptor) = (initiator.start(&realm)?, acceptor.start(&realm)?);
    initiator.initiate(&Initiator::new(Framing::Raw, &ccache).flag("deleg").flag("mutual"))?;
    acceptor.accept(&Acceptor::new(Framing::Raw, realm.keytab()))?;
    let (initiated, accepted, _) = establish(&mut initiator, &mut acceptor)?;
    assert!(!initiated.has_flag("deleg") && !accepted.has_flag("deleg"), "{initiated:?} {accepted:?}");
    assert!(acceptor.store_delegated(&realm.fresh_path("delegated")).is_err());
    Ok(())
}
