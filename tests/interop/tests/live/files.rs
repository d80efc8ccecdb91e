//! `gssctl klist` on files of MIT's, compared with MIT's `klist`.

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::gssctl;
use interop::realm::{Realm, RealmOptions, SERVICE_PRINCIPAL, USER};

#[test]
fn ccache() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let theirs = realm.klist(&["-e"], &ccache)?;
    let ours = gssctl_klist(&realm, &ccache)?;
    for word in [USER, SERVICE_PRINCIPAL, "krbtgt/INTEROP.TEST@INTEROP.TEST", Enctype::AES256_SHA1.mit_name()]
    {
        assert!(theirs.contains(word), "{word}: {theirs}");
        assert!(ours.contains(word), "{word}: {ours}");
    }
    Ok(())
}

#[test]
fn keytab() -> Result<()> {
    let service = Enctype::ALL.to_vec();
    let realm = Realm::start(&RealmOptions { service, ..RealmOptions::default() })?;
    let theirs = realm.klist(&["-k", "-e"], realm.keytab())?;
    let ours = gssctl_klist(&realm, realm.keytab())?;
    // Entries: "   KVNO PRINCIPAL (ENCTYPE) ", where RC4 may be marked "DEPRECATED:".
    let entries = theirs.lines().filter(|line| line.contains("@INTEROP.TEST"));
    let mut count = 0;
    for entry in entries {
        let fields: Vec<_> = entry.split_whitespace().collect();
        let [kvno, principal, enctype] = fields[..] else { anyhow::bail!("klist says {entry:?}") };
        let enctype = match enctype.trim_matches(['(', ')']).trim_start_matches("DEPRECATED:") {
            // The name that IANA's registry has for number 23.
            "arcfour-hmac" => "rc4-hmac",
            name => name,
        };
        ours.lines()
            .find(|line| {
                let words: Vec<_> =
                    line.split_whitespace().map(|word| word.trim_matches(['(', ')'])).collect();
                [kvno, principal, enctype].iter().all(|field| words.contains(field))
            })
            .with_context(|| format!("gssctl klist lacks {entry:?}: {ours}"))?;
        count += 1;
    }
    assert_eq!(count, 2 * Enctype::ALL.len(), "{theirs}");
    Ok(())
}

fn gssctl_klist(realm: &Realm, file: &std::path::Path) -> Result<String> {
    let file = file.display().to_string();
    let listed = gssctl::run(realm, &["klist", &file])?;
    ensure!(listed.status.success(), "{listed:?}");
    Ok(listed.stdout)
}
