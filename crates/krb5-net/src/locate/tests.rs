//! Servers by the program and by krb5.conf. DNS is in the crate's tests.

use krb5_files::config::ConfigFile;

use super::*;

fn config(text: &str) -> Arc<Config> {
    Arc::new(Config::from(ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap()))
}

/// What is found without DNS, each server as krb5.conf would write it.
fn locate(locator: &Locator, realm: &str, service: Service) -> Result<(Vec<String>, Origin), TransportError> {
    let located = crate::blocking::block_on(locator.locate(realm, service))??;
    Ok((located.servers.iter().map(ToString::to_string).collect(), Origin::clone(&located.origin)))
}

fn file(text: &str) -> Locator {
    Locator::new(config(text), Vec::new(), Dns::Off)
}

const REALM: &str = "\
[realms]
 EXAMPLE.COM = {
  admin_server = admin.example.com
  kdc = kdc1.example.com
  kdc = https://proxy.example.com/KdcProxy
  kdc = /run/kdc.sock
  primary_kdc = kdc0.example.com:750
 }
";

#[test]
fn krb5_conf_names_servers_in_order_with_their_line() {
    let (servers, origin) = locate(&file(REALM), "EXAMPLE.COM", Service::Kdc).unwrap();
    assert_eq!(servers, ["kdc1.example.com:88", "https://proxy.example.com:443/KdcProxy", "/run/kdc.sock"]);
    assert_eq!(origin.to_string(), "krb5.conf:4");
    let (servers, origin) = locate(&file(REALM), "EXAMPLE.COM", Service::PrimaryKdc).unwrap();
    assert_eq!(servers, ["kdc0.example.com:750"]);
    assert_eq!(origin.to_string(), "krb5.conf:7");
}

#[test]
fn passwords_are_changed_at_the_admin_server_where_nobody_says_otherwise() {
    let (servers, _) = locate(&file(REALM), "EXAMPLE.COM", Service::Kpasswd).unwrap();
    assert_eq!(servers, ["admin.example.com:464"]);
    let stated = REALM.replace("admin_server", "kpasswd_server = kp.example.com:4640\n admin_server");
    let (servers, _) = locate(&file(&stated), "EXAMPLE.COM", Service::Kpasswd).unwrap();
    assert_eq!(servers, ["kp.example.com:4640"]);
}

#[test]
fn the_program_comes_before_files() {
    let given = vec![
        ("EXAMPLE.COM".into(), Service::Kdc, vec![KdcAddress::host("10.0.0.1", 88)]),
        ("EXAMPLE.COM".into(), Service::Kdc, vec![KdcAddress::tcp("10.0.0.2", 88)]),
    ];
    let locator = Locator::new(config(REALM), given, Dns::Off);
    let (servers, origin) = locate(&locator, "EXAMPLE.COM", Service::Kdc).unwrap();
    assert_eq!((servers, origin), (vec!["10.0.0.1:88".into(), "tcp/10.0.0.2:88".into()], Origin::Program));
    let (servers, _) = locate(&locator, "EXAMPLE.COM", Service::Kpasswd).unwrap();
    assert_eq!(servers, ["10.0.0.1:464", "10.0.0.2:464"]);
    let (servers, _) = locate(&locator, "EXAMPLE.COM", Service::PrimaryKdc).unwrap();
    assert_eq!(servers, ["kdc0.example.com:750"]);
}

#[test]
fn says_where_it_looked() {
    let error = locate(&file(REALM), "OTHER.COM", Service::Kdc).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("OTHER.COM") && text.contains("no kdc") && text.contains("DNS is off"), "{text}");
    let error = locate(&file("[libdefaults]\ndns_lookup_kdc = no\n"), "A.B", Service::Kpasswd).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("kpasswd_server") && text.contains("dns_lookup_kdc is off"), "{text}");
    assert!(text.contains("admin_server"), "{text}");
}

#[test]
fn refuses_what_is_no_realm_and_no_server() {
    for realm in ["", "A\0B", "A\nB", &"R".repeat(256)] {
        let error = locate(&file(REALM), realm, Service::Kdc).unwrap_err();
        assert!(matches!(error, TransportError::RealmName { .. }), "{error}");
    }
    let error = locate(&file(&REALM.replace("kdc1.example.com", "kdc1:port")), "EXAMPLE.COM", Service::Kdc);
    assert!(matches!(error.unwrap_err(), TransportError::Config(_)));
}

#[test]
fn long_lists_are_cut_short() {
    let kdcs = (0..100).map(|number| KdcAddress::host(format!("kdc{number}"), 88)).collect();
    let locator = Locator::new(Arc::default(), vec![("R".into(), Service::Kdc, kdcs)], Dns::Off);
    assert_eq!(locate(&locator, "R", Service::Kdc).unwrap().0.len(), MAX_SERVERS);
}
