//! How MIT krb5 reads single values.

use krb5_crypto::EncType;
use krb5_files::config::{
    Config, ConfigFile, PathTemplate, Server, Service, enctypes, hierarchical_path, value,
};
use test_support::vectors::{self, Record, VectorFile};

use super::text;

fn load() -> VectorFile {
    vectors::load("files/config/values.txt")
}

fn utf8(record: &Record, key: &str) -> String {
    String::from_utf8(record.hex(key)).unwrap()
}

/// The file that the records of a kind ask.
fn file(name: &str) -> Config {
    let vectors = load();
    let record = vectors.records_of("file").find(|record| record.name() == name).expect("the file");
    Config::from(ConfigFile::parse(name, &text(record, "line")).unwrap())
}

#[test]
fn durations() {
    for record in load().records_of("duration") {
        let text = utf8(record, "text");
        let seconds = value::duration(&text).map(|duration| i64::from(duration.seconds));
        let expected = record.get("seconds").map(|_| record.int("seconds"));
        assert_eq!(seconds, expected, "{}", record.name());
    }
}

#[test]
fn what_does_not_count_of_a_duration_is_told() {
    for (text, rest) in [("8hours", "ours"), ("10h # ten", "# ten"), ("1.5h", ".5h"), ("1d2h", ""), ("7", "")]
    {
        assert_eq!(value::duration(text).unwrap().rest, rest, "{text}");
    }
}

#[test]
fn hosts() {
    for record in load().records_of("host") {
        let text = utf8(record, "text");
        let found = match Server::parse(&text, Service::Kdc) {
            Ok((Server::Host { host, port, .. }, _)) => Some((host.to_owned(), i64::from(port))),
            Ok((other, _)) => panic!("{}: {other}", record.name()),
            Err(_) => None,
        };
        let expected = record.opt_hex("host").map(|_| (utf8(record, "host"), record.int("port")));
        assert_eq!(found, expected, "{}", record.name());
    }
}

/// MIT krb5's own default list, which the records were made with.
const MIT_DEFAULT: [EncType; 8] = [
    EncType::AES256_CTS_HMAC_SHA1_96,
    EncType::AES128_CTS_HMAC_SHA1_96,
    EncType::AES256_CTS_HMAC_SHA384_192,
    EncType::AES128_CTS_HMAC_SHA256_128,
    EncType::DES3_CBC_SHA1_KD,
    EncType::RC4_HMAC,
    EncType::CAMELLIA128_CTS_CMAC,
    EncType::CAMELLIA256_CTS_CMAC,
];

#[test]
fn lists_of_enctypes() {
    for record in load().records_of("enctypes") {
        let text = utf8(record, "text");
        let (list, _) = enctypes(&text, &MIT_DEFAULT, record.int("weak") == 1);
        let list: Vec<String> = list.iter().map(|enctype| enctype.0.to_string()).collect();
        let expected = record.opt_hex("numbers").map(|_| utf8(record, "numbers")).unwrap_or_default();
        assert_eq!(list.join(" "), expected, "{}", record.name());
    }
}

#[test]
fn tokens() {
    let value = |token: &str| match token {
        "uid" | "euid" | "USERID" => Some("0".to_owned()),
        "username" => Some("root".to_owned()),
        "TEMP" => Some("/tmp".to_owned()),
        _ => None,
    };
    for record in load().records_of("tokens") {
        let text = utf8(record, "text");
        let expected = record.opt_hex("expanded").map(|_| utf8(record, "expanded"));
        assert_eq!(PathTemplate(&text).expand(value).ok(), expected, "{}", record.name());
    }
}

#[test]
fn walks_between_realms() {
    for record in load().records_of("walk") {
        let (client, server) = (utf8(record, "client"), utf8(record, "server"));
        assert_eq!(hierarchical_path(&client, &server).join(" "), utf8(record, "path"), "{}", record.name());
    }
    let config = file("the file of walks by capaths");
    for record in load().records_of("walk-capaths") {
        let (client, server) = (utf8(record, "client"), utf8(record, "server"));
        let path = config.trusted_path(&client, &server);
        assert_eq!(path.join(" "), utf8(record, "path"), "{}", record.name());
    }
}

#[test]
fn realms_of_hosts() {
    let config = file("the file of realms of hosts");
    for record in load().records_of("host-realm") {
        // MIT krb5 gives the empty realm for unknown hosts, which means to ask for a referral.
        let realm = config.host_realm(&utf8(record, "host")).map_or("", |setting| setting.value);
        assert_eq!(realm, utf8(record, "realm"), "{}", record.name());
    }
    assert_eq!(config.domains_never_matched().collect::<Vec<_>>(), ["UPPER.test"]);
    let empty = config.host_realm("empty.test").unwrap();
    assert_eq!((empty.value, empty.origin.to_string().as_str()), ("", "the file of realms of hosts:9"));
    assert!(config.host_realm("other").is_none());
}
