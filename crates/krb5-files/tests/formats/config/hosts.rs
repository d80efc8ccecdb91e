//! Configurations as hosts have them.

use krb5_crypto::EncType;
use krb5_files::config::{
    Canonicalize, Config, ConfigWarningKind, Origin, Server, Transport, ValueErrorKind,
};
use test_support::vectors;

use super::{Files, text};

fn host(name: &str) -> Config {
    let mut files = Files::default();
    for record in vectors::load("files/config/hosts.txt").records() {
        if let Some(path) = record.name().strip_prefix(name) {
            files.0.insert(path.trim().to_owned(), text(record, "line"));
        }
    }
    // FreeIPA's clients include the directory of the distribution, which may be empty but for what does not count.
    files.0.entry("/etc/krb5.conf.d/.keep".to_owned()).or_default();
    Config::read(["/etc/krb5.conf"], &mut files).unwrap()
}

fn servers(list: &[krb5_files::config::Setting<'_, Server<'_>>]) -> Vec<String> {
    list.iter().map(|setting| setting.value.to_string()).collect()
}

#[test]
fn debian() {
    let config = host("debian");
    let defaults = config.libdefaults();
    assert_eq!(defaults.default_realm().unwrap().to_string(), "EXAMPLE.COM from /etc/krb5.conf:2");
    assert!(defaults.forwardable().value && defaults.proxiable().value && defaults.kdc_timesync().value);
    assert!(!defaults.rdns().value);
    assert_eq!(defaults.clockskew().to_string(), "300 (default)");
    assert_eq!(defaults.text("fcc-mit-ticketflags").unwrap().value, "true");
    assert_eq!(config.realms(), ["EXAMPLE.COM", "example.net"]);
    let realm = config.realm("EXAMPLE.COM");
    assert_eq!(servers(&realm.kdcs().unwrap()), ["kdc1.example.com:88", "kdc2.example.com:88"]);
    assert_eq!(servers(&realm.admin_servers().unwrap()), ["kdc1.example.com:749"]);
    assert_eq!(realm.default_domain().unwrap().value, "example.com");
    assert!(realm.kpasswd_servers().unwrap().is_empty() && realm.primary_kdcs().unwrap().is_empty());
    assert_eq!(servers(&config.realm("example.net").primary_kdcs().unwrap()), ["krb.example.net:88"]);
    let realm = config.host_realm("deep.below.example.net").unwrap();
    assert_eq!(realm.to_string(), "example.net from /etc/krb5.conf:30");
    assert!(!config.realm("example.com").is_configured() && config.realm("EXAMPLE.COM").is_configured());
    assert_eq!(config.warnings().count(), 0);
}

#[test]
fn red_hat_with_included_directory() {
    let config = host("rhel");
    let defaults = config.libdefaults();
    // The directory comes first in the file, so its values come first.
    let cache = defaults.default_ccache_name().unwrap();
    assert_eq!(cache.to_string(), "KCM: from /etc/krb5.conf.d//kcm_default_ccache:3");
    let caches = config.values(&["libdefaults", "default_ccache_name"]);
    assert_eq!(
        caches.iter().map(|found| found.value).collect::<Vec<_>>(),
        ["KCM:", "KEYRING:persistent:%{uid}"]
    );
    let enctypes = defaults.default_tgs_enctypes().unwrap();
    assert_eq!(enctypes.value.iter().map(|enctype| enctype.0).collect::<Vec<_>>(), [18, 20, 26, 17, 19, 25]);
    assert_eq!(enctypes.origin.to_string(), "/etc/krb5.conf.d//crypto-policies:2");
    assert_eq!(defaults.dns_canonicalize_hostname().unwrap().value, Canonicalize::Fallback);
    assert_eq!(defaults.qualify_shortname().unwrap().value, "");
    assert_eq!(defaults.renew_lifetime().unwrap().value, 7 * 86_400);
    assert!(defaults.default_realm().is_none());
    let warnings: Vec<String> = config.warnings().map(|warning| warning.to_string()).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("/etc/krb5.conf:3: not included: \".keep\""), "{warnings:?}");
    assert!(warnings[1].starts_with("/etc/krb5.conf:3: not included: \"site.conf.rpmsave\""), "{warnings:?}");
    let files: Vec<&str> = config.files()[0].files().collect();
    let expected =
        ["/etc/krb5.conf", "/etc/krb5.conf.d//crypto-policies", "/etc/krb5.conf.d//kcm_default_ccache"];
    assert_eq!(files, expected);
}

#[test]
fn member_of_an_active_directory() {
    let config = host("active directory member");
    let defaults = config.libdefaults_of("AD.EXAMPLE.COM");
    assert_eq!(defaults.udp_preference_limit().unwrap().value, 0);
    // Two mistakes that are seen often: MIT krb5 ignores the one and refuses the other.
    let skew = defaults.clockskew();
    assert_eq!((skew.value, skew.origin), (300, Origin::Default));
    assert_eq!(
        skew.ignored.unwrap().to_string(),
        "/etc/krb5.conf:7: ignored \"5m\", expected seconds as a plain number"
    );
    let lifetime = defaults.ticket_lifetime().unwrap_err();
    assert_eq!(lifetime.kind, ValueErrorKind::Duration);
    assert_eq!(
        lifetime.to_string(),
        "/etc/krb5.conf:8: ticket_lifetime = \"10 hours\", expected a duration as 10h, 1d12h, 36:00 or seconds"
    );
    // The realm's own subsection comes first; other realms do not see it.
    assert!(defaults.forwardable().value && !config.libdefaults().forwardable().value);
    assert_eq!(defaults.renew_lifetime().unwrap().origin.to_string(), "/etc/krb5.conf:12");
    let enctypes = defaults.permitted_enctypes().unwrap();
    let expected = [EncType::AES256_CTS_HMAC_SHA1_96, EncType::AES128_CTS_HMAC_SHA1_96, EncType::RC4_HMAC];
    assert_eq!(enctypes.value, expected);
    assert_eq!(enctypes.ignored.unwrap().text, "des-cbc-md5");
    let name = defaults.default_ccache_name().unwrap().value;
    assert_eq!(
        name.expand(|token| (token == "uid").then(|| "1000".to_owned())).unwrap(),
        "FILE:/tmp/krb5cc_1000"
    );

    let realm = config.realm("AD.EXAMPLE.COM");
    let kdcs = realm.kdcs().unwrap();
    assert_eq!(
        servers(&kdcs),
        [
            "dc1.ad.example.com:88",
            "dc2.ad.example.com:88",
            "[2001:db8::88]:88",
            "[2001:db8::89]:1088",
            "https://proxy.example.com:443/KdcProxy"
        ]
    );
    assert_eq!(kdcs[1].ignored.unwrap().text, "# second site");
    assert_eq!(kdcs[4].value, Server::Https { host: "proxy.example.com", port: 443, path: "KdcProxy" });
    let anchors: Vec<&str> = realm.http_anchors().iter().map(|found| found.value).collect();
    assert_eq!(anchors, ["FILE:/etc/ssl/proxy-ca.pem", "DIR:/etc/ssl/proxy-cas"]);
    assert_eq!(servers(&realm.kpasswd_servers().unwrap()), ["dc1.ad.example.com:464"]);
    assert_eq!(realm.auth_to_local().len(), 2);
    assert_eq!(realm.auth_to_local_name("Administrator").unwrap().value, "root");
    let partner = config.realm("PARTNER.TEST").kdcs().unwrap_err();
    assert_eq!((partner.kind, partner.line), (ValueErrorKind::Port, 32));

    assert_eq!(config.host_realm("LEGACY.example.com").unwrap().value, "AD.EXAMPLE.COM");
    assert!(config.host_realm("other.example.com").is_none(), "its entry has upper-case letters");
    assert_eq!(config.domains_never_matched().collect::<Vec<_>>(), [".Example.COM"]);
    let path = config.realm_path("AD.EXAMPLE.COM", "CHILD.PARTNER.TEST");
    assert_eq!(path, ["AD.EXAMPLE.COM", "PARTNER.TEST", "CHILD.PARTNER.TEST"]);
    assert_eq!(config.capath("AD.EXAMPLE.COM", "PARTNER.TEST").unwrap(), []);
    assert!(config.capath("PARTNER.TEST", "AD.EXAMPLE.COM").is_none());
    let warnings: Vec<_> = config.warnings().map(|warning| (warning.place.line, warning.kind)).collect();
    assert_eq!(warnings, [(18, &ConfigWarningKind::CommentInValue)]);
}

#[test]
fn client_of_freeipa() {
    let config = host("freeipa client");
    let defaults = config.libdefaults();
    assert_eq!(defaults.default_realm().unwrap().value, "IPA.EXAMPLE.COM");
    assert!(defaults.dns_lookup_realm().value && defaults.dns_lookup_kdc().value);
    assert!(defaults.canonicalize().value);
    assert_eq!(defaults.dns_canonicalize_hostname().unwrap().value, Canonicalize::Never);
    let realm = config.realm("IPA.EXAMPLE.COM");
    assert_eq!(servers(&realm.primary_kdcs().unwrap()), ["ipa1.ipa.example.com:88"]);
    assert_eq!(realm.values("pkinit_pool").len(), 1);
    let trusted = config.host_realm("pc1.ad.example.com").unwrap();
    assert_eq!(trusted.value, "AD.EXAMPLE.COM");
    assert!(trusted.origin.to_string().ends_with("/domain_realm_ipa_example_com:2"), "{}", trusted.origin);
    let between = config.capath("IPA.EXAMPLE.COM", "AD.EXAMPLE.COM").unwrap();
    assert_eq!(between.iter().map(|found| found.value).collect::<Vec<_>>(), ["AD.EXAMPLE.COM"]);
    assert!(config.value(&["plugins", "localauth", "module"]).unwrap().value.starts_with("sssd:"));
}

#[test]
fn heimdal() {
    let config = host("heimdal");
    let defaults = config.libdefaults();
    assert_eq!((defaults.kdc_timeout().value, defaults.max_retries().value), (Some(10), Some(2)));
    assert_eq!(defaults.default_keytab_name().unwrap().value.0, "FILE:/etc/heimdal/krb5.keytab");
    let kdcs = config.realm("HEIMDAL.TEST").kdcs().unwrap();
    let transports: Vec<_> = kdcs
        .iter()
        .map(|kdc| match kdc.value {
            Server::Host { transport, host: "kdc.heimdal.test", port } => (transport, port),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(transports, [(Transport::Tcp, 88), (Transport::Udp, 750), (Transport::Any, 88)]);
    let lifetime = config.value(&["appdefaults", "pam", "HEIMDAL.TEST", "ticket_lifetime"]);
    assert_eq!(lifetime.unwrap().to_string(), "1d from /etc/krb5.conf:13");
    assert_eq!(config.section_names(&[]), ["libdefaults", "appdefaults", "realms", "kdc", "logging"]);
}
