//! Single settings: defaults, what is read, and what becomes of mistakes.

use gss_core::Diagnose;
use krb5_files::config::{
    Canonicalize, Config, DEFAULT_ENCTYPES, Libdefaults, Origin, PathTemplate, Server, Service, Setting,
    SpakeGroup, TokenError, ValueError, ValueErrorKind, fallback_realm, value,
};

use super::config;

fn libdefaults(relation: &str) -> Config {
    config(&format!("[libdefaults]\n{relation}\n"))
}

#[test]
fn defaults_are_those_of_mit_but_for_weak_enctypes() {
    let config = Config::default();
    let defaults = config.libdefaults();
    assert!(defaults.default_realm().is_none() && defaults.default_ccache_name().is_none());
    assert_eq!(defaults.permitted_enctypes().unwrap().value, DEFAULT_ENCTYPES);
    assert_eq!(defaults.default_tkt_enctypes().unwrap().origin, Origin::Default);
    assert_eq!(defaults.clockskew().value, 300);
    assert_eq!(defaults.ticket_lifetime().unwrap().value, 86_400);
    assert_eq!(defaults.renew_lifetime().unwrap().value, 0);
    assert!(!defaults.forwardable().value && !defaults.proxiable().value && !defaults.canonicalize().value);
    assert!(defaults.noaddresses().value && !defaults.verify_ap_req_nofail().value);
    assert!(defaults.dns_lookup_kdc().value && !defaults.dns_lookup_realm().value);
    assert!(defaults.dns_uri_lookup().value && defaults.rdns().value);
    assert_eq!(defaults.dns_canonicalize_hostname().unwrap().value, Canonicalize::Always);
    assert_eq!(defaults.realm_try_domains().unwrap().value, -1);
    assert_eq!(defaults.udp_preference_limit().unwrap().value, 1465);
    assert!(defaults.kdc_timesync().value);
    assert_eq!((defaults.kdc_default_options().value, defaults.ccache_type().value), (0x10, 4));
    assert!(!defaults.enforce_ok_as_delegate().unwrap().value);
    assert!(!defaults.ignore_acceptor_hostname().unwrap().value);
    assert!(!defaults.client_aware_channel_bindings().unwrap().value);
    assert_eq!(defaults.preferred_preauth_types().value, [17, 16, 15, 14]);
    assert_eq!(defaults.spake_preauth_groups().unwrap().value, [SpakeGroup::EDWARDS25519]);
    assert_eq!(defaults.request_timeout(), Ok(None));
    assert_eq!((defaults.kdc_timeout().value, defaults.max_retries().value), (None, None));
    assert!(config.realms().is_empty() && config.realm("A").kdcs().unwrap().is_empty());
    assert!(!config.realm("A").disable_encrypted_timestamp().value);
}

#[test]
fn booleans() {
    for word in ["y", "yes", "true", "t", "1", "on", "YES", "oN"] {
        assert_eq!(value::boolean(word), Some(true), "{word}");
    }
    for word in ["n", "no", "false", "nil", "0", "off", "False"] {
        assert_eq!(value::boolean(word), Some(false), "{word}");
    }
    for word in ["", "2", "yes ", "enabled", "-1"] {
        assert_eq!(value::boolean(word), None, "{word:?}");
    }
}

#[test]
fn integers() {
    for (text, number) in [
        ("0", 0),
        (" 7", 7),
        ("+7", 7),
        ("-7", -7),
        ("007", 7),
        ("2147483647", i32::MAX),
        ("-2147483648", i32::MIN),
    ] {
        assert_eq!(value::integer(text), Some(number), "{text:?}");
    }
    for text in ["", " ", "7 ", "0x7", "7s", "--7", "2147483648", "-2147483649", "+ 7", "\u{661}"] {
        assert_eq!(value::integer(text), None, "{text:?}");
    }
}

/// Reads one relation.
type Reader<T> = for<'a> fn(&Libdefaults<'a>) -> Result<Setting<'a, T>, ValueError>;

#[test]
fn what_mit_refuses_is_an_error() {
    let booleans: [(&str, Reader<bool>); 4] = [
        ("allow_weak_crypto", |defaults| defaults.allow_weak_crypto()),
        ("enforce_ok_as_delegate", |defaults| defaults.enforce_ok_as_delegate()),
        ("ignore_acceptor_hostname", |defaults| defaults.ignore_acceptor_hostname()),
        ("client_aware_channel_bindings", |defaults| defaults.client_aware_channel_bindings()),
    ];
    for (name, read) in booleans {
        assert!(read(&libdefaults(&format!("{name} = on")).libdefaults()).unwrap().value, "{name}");
        let config = libdefaults(&format!("{name} = maybe"));
        let error = read(&config.libdefaults()).unwrap_err();
        assert_eq!(error.kind, ValueErrorKind::Boolean);
        assert_eq!(error.to_string(), format!("test:2: {name} = \"maybe\", expected true or false"));
    }
    let durations: [(&str, Reader<i32>); 2] = [
        ("ticket_lifetime", |defaults| defaults.ticket_lifetime()),
        ("renew_lifetime", |defaults| defaults.renew_lifetime()),
    ];
    for (name, read) in durations {
        assert_eq!(read(&libdefaults(&format!("{name} = 1h")).libdefaults()).unwrap().value, 3600);
        let error = read(&libdefaults(&format!("{name} = soon")).libdefaults()).unwrap_err();
        assert_eq!((error.kind, error.code()), (ValueErrorKind::Duration, "config_not_duration"));
    }
    let config = libdefaults(
        "request_timeout = 30s\nrealm_try_domains = 1\nspake_preauth_groups = P-256, p-256 P-512",
    );
    let defaults = config.libdefaults();
    assert_eq!(defaults.request_timeout().unwrap().unwrap().value, 30);
    assert_eq!(defaults.realm_try_domains().unwrap().value, 1);
    let groups = defaults.spake_preauth_groups().unwrap();
    assert_eq!((groups.value.as_slice(), groups.ignored.unwrap().text), (&[SpakeGroup::P256][..], "P-512"));
    let config = libdefaults(
        "request_timeout = x\nrealm_try_domains = x\nspake_preauth_groups = x\ndns_canonicalize_hostname = x\n\
         udp_preference_limit = x\npermitted_enctypes = x",
    );
    let defaults = config.libdefaults();
    assert_eq!(defaults.request_timeout().unwrap_err().kind, ValueErrorKind::Duration);
    assert_eq!(defaults.realm_try_domains().unwrap_err().kind, ValueErrorKind::Integer);
    assert_eq!(defaults.spake_preauth_groups().unwrap_err().kind, ValueErrorKind::NoGroup);
    assert_eq!(defaults.dns_canonicalize_hostname().unwrap_err().kind, ValueErrorKind::BooleanOrFallback);
    assert_eq!(defaults.udp_preference_limit().unwrap_err().kind, ValueErrorKind::Integer);
    let enctypes = defaults.default_tkt_enctypes().unwrap_err();
    assert_eq!((enctypes.kind, enctypes.name.as_str()), (ValueErrorKind::NoEnctype, "permitted_enctypes"));
}

#[test]
fn what_mit_ignores_is_told() {
    let config = libdefaults(
        "rdns = maybe\ndns_uri_lookup = maybe\nkdc_timesync = yes\nkdc_default_options = 0x10\nccache_type = four\n\
         clockskew = 300s\nkdc_timeout = a while\nmax_retries = few",
    );
    let defaults = config.libdefaults();
    let told = [
        defaults.rdns().map(|value| value.to_string()),
        defaults.dns_uri_lookup().map(|value| value.to_string()),
        defaults.kdc_timesync().map(|value| value.to_string()),
        defaults.kdc_default_options().map(|value| value.to_string()),
        defaults.ccache_type().map(|value| value.to_string()),
        defaults.clockskew().map(|value| value.to_string()),
        defaults.kdc_timeout().map(|value| format!("{value:?}")),
        defaults.max_retries().map(|value| format!("{value:?}")),
    ];
    let values = ["true", "true", "true", "16", "4", "300", "None", "None"];
    for (number, (setting, value)) in told.iter().zip(values).enumerate() {
        assert_eq!((setting.value.as_str(), setting.origin), (value, Origin::Default));
        assert_eq!(setting.ignored.unwrap().place.line as usize, number + 2);
    }
}

#[test]
fn some_booleans_take_all_they_do_not_know_for_no() {
    let config = libdefaults("noaddresses = maybe\ndns_lookup_kdc = maybe\nforwardable = maybe");
    let defaults = config.libdefaults();
    for setting in [defaults.noaddresses(), defaults.dns_lookup_kdc(), defaults.forwardable()] {
        assert!(!setting.value);
        assert!(matches!(setting.origin, Origin::Line(_)));
        assert_eq!(setting.ignored.unwrap().text, "maybe");
    }
}

#[test]
fn dns_fallback_counts_where_the_newer_names_are_missing() {
    let config = libdefaults("dns_fallback = no\ndns_lookup_realm = yes");
    assert!(!config.libdefaults().dns_lookup_kdc().value);
    assert!(config.libdefaults().dns_lookup_realm().value);
}

#[test]
fn a_realm_has_settings_of_its_own() {
    let config =
        libdefaults("ticket_lifetime = 1h\nnoaddresses = no\nA = {\nticket_lifetime = 2h\nclockskew = 7\n}");
    assert_eq!(config.libdefaults().ticket_lifetime().unwrap().value, 3600);
    assert_eq!(config.libdefaults_of("B").ticket_lifetime().unwrap().value, 3600);
    let of_a = config.libdefaults_of("A");
    assert_eq!(of_a.ticket_lifetime().unwrap().value, 7200);
    assert!(!of_a.noaddresses().value, "from the general part");
    assert_eq!(of_a.clockskew().value, 300, "not one of those that a realm can have");
}

#[test]
fn udp_preference_limit_has_bounds() {
    for (text, limit) in [("-1", 1465), ("0", 0), ("1", 1), ("32700", 32_700), ("32701", 32_700)] {
        let config = libdefaults(&format!("udp_preference_limit = {text}"));
        assert_eq!(config.libdefaults().udp_preference_limit().unwrap().value, limit, "{text}");
    }
}

#[test]
fn kinds_of_requests_have_lists_of_their_own() {
    let config = libdefaults("permitted_enctypes = aes\ndefault_tgs_enctypes = rc4");
    let defaults = config.libdefaults();
    assert_eq!(defaults.default_tgs_enctypes().unwrap().value.len(), 1);
    assert_eq!(defaults.default_tkt_enctypes().unwrap().value.len(), 4);
    assert_eq!(defaults.default_tkt_enctypes().unwrap().origin.to_string(), "test:2");
    // Exportable RC4 needs leave.
    let config = libdefaults("permitted_enctypes = rc4-hmac-exp");
    assert_eq!(config.libdefaults().permitted_enctypes().unwrap_err().kind, ValueErrorKind::NoEnctype);
    let config = libdefaults("permitted_enctypes = rc4-hmac-exp\nallow_weak_crypto = yes");
    assert_eq!(config.libdefaults().permitted_enctypes().unwrap().value.len(), 1);
    let config = libdefaults("permitted_enctypes = aes\nallow_weak_crypto = maybe");
    assert_eq!(config.libdefaults().permitted_enctypes().unwrap_err().kind, ValueErrorKind::Boolean);
}

#[test]
fn preauth_types_end_at_the_first_word() {
    for (text, types, rest) in [
        ("2, 138 151", &[2, 138, 151][..], ""),
        ("2,x,3", &[2], "x,3"),
        ("2;3", &[2], ";3"),
        ("-1 ,", &[-1], ""),
    ] {
        let config = libdefaults(&format!("preferred_preauth_types = {text}"));
        let setting = config.libdefaults().preferred_preauth_types();
        assert_eq!(setting.value, types, "{text}");
        assert_eq!(setting.ignored.map_or("", |ignored| ignored.text), rest, "{text}");
    }
}

#[test]
fn servers() {
    for (text, service, shown) in [
        ("kdc.test", Service::Kdc, "kdc.test:88"),
        ("kdc.test", Service::Admin, "kdc.test:749"),
        ("kdc.test", Service::Kpasswd, "kdc.test:464"),
        ("tcp/kdc.test", Service::Kdc, "tcp/kdc.test:88"),
        ("udp/[::1]:750", Service::Kdc, "udp/[::1]:750"),
        ("https://kdc.test", Service::Kdc, "https://kdc.test:443"),
        ("https://kdc.test:8443/a/b?c", Service::Kdc, "https://kdc.test:8443/a/b?c"),
        ("https://[::1]/KdcProxy", Service::Admin, "https://[::1]:443/KdcProxy"),
        ("/run/kdc.sock", Service::Kdc, "/run/kdc.sock"),
        ("other/kdc.test", Service::Kdc, "other/kdc.test:88"),
    ] {
        let (server, ignored) = Server::parse(text, service).unwrap();
        assert_eq!((server.to_string().as_str(), ignored), (shown, ""), "{text}");
        assert_eq!(Server::parse(&server.to_string(), service).unwrap().0, server, "{text}");
    }
    for (text, kind) in [
        ("", ValueErrorKind::NoHost),
        ("88", ValueErrorKind::NoHost),
        (":88", ValueErrorKind::NoHost),
        ("[]", ValueErrorKind::NoHost),
        (" kdc", ValueErrorKind::NoHost),
        ("[kdc x]", ValueErrorKind::NoHost),
        ("[udp/kdc]", ValueErrorKind::NoHost),
        ("tcp/", ValueErrorKind::NoHost),
        ("https:///KdcProxy", ValueErrorKind::NoHost),
        ("https://kdc:x/KdcProxy", ValueErrorKind::Port),
        ("kdc:65536", ValueErrorKind::Port),
        ("fe80::1", ValueErrorKind::Port),
    ] {
        assert_eq!(Server::parse(text, Service::Kdc).unwrap_err(), kind, "{text}");
    }
}

#[test]
fn a_realm_with_one_bad_kdc_has_none() {
    let config = config("[realms]\nA = {\nkdc = good\nkdc = bad:port\n}\n");
    let error = config.realm("A").kdcs().unwrap_err();
    assert_eq!((error.file.as_str(), error.line, error.text.as_str()), ("test", 4, "bad:port"));
}

#[test]
fn tokens_say_what_is_wrong() {
    let none = |_: &str| None;
    let unknown = PathTemplate("%{home}/x").expand(none).unwrap_err();
    assert_eq!(unknown, TokenError::Unknown { token: "home".to_owned() });
    assert!(unknown.to_string().contains("expected one of LIBDIR, BINDIR, "), "{unknown}");
    assert_eq!(PathTemplate("%{uid").expand(none), Err(TokenError::NotClosed));
    let missing = PathTemplate("%{user}").expand(none).unwrap_err();
    assert_eq!(missing, TokenError::NoValue { token: "username".to_owned() });
    assert_eq!(missing.code(), "config_token_no_value");
    assert_eq!(PathTemplate("%{null}").expand(none).unwrap(), "", "nobody is asked");
}

#[test]
fn the_domain_suggests_a_realm() {
    assert_eq!(fallback_realm("www.Example.com.").as_deref(), Some("EXAMPLE.COM"));
    assert_eq!(fallback_realm("localhost"), None);
}
