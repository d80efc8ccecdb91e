//! Files that are made here.

use krb5_files::config::{Config, ConfigFile, NotWritable, limits};

use super::{config, tree};

#[test]
fn a_file_for_a_test_realm() {
    let mut file = ConfigFile::new("krb5.conf");
    for (path, value) in [
        (&["libdefaults", "default_realm"][..], "EXAMPLE.COM"),
        (&["libdefaults", "dns_lookup_kdc"], "false"),
        (&["realms", "EXAMPLE.COM", "kdc"], "https://127.0.0.1:8443/KdcProxy"),
        (&["realms", "EXAMPLE.COM", "kdc"], "127.0.0.1:10088"),
        (&["realms", "OTHER.COM", "kdc"], "127.0.0.1:10089"),
        (&["domain_realm", ".example.com"], "EXAMPLE.COM"),
        (&["libdefaults", "rdns"], "false"),
    ] {
        file.add(path, value).unwrap();
    }
    let text = "\
[libdefaults]
\tdefault_realm = EXAMPLE.COM
\tdns_lookup_kdc = false
\trdns = false

[realms]
\tEXAMPLE.COM = {
\t\tkdc = https://127.0.0.1:8443/KdcProxy
\t\tkdc = 127.0.0.1:10088
\t}
\tOTHER.COM = {
\t\tkdc = 127.0.0.1:10089
\t}

[domain_realm]
\t.example.com = EXAMPLE.COM
";
    assert_eq!(file.to_string(), text);
    let read = ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap();
    assert_eq!(read.warnings().count(), 0);
    let config = Config::from(file);
    assert_eq!(config.realm("EXAMPLE.COM").kdcs().unwrap().len(), 2);
    let place = config.value(&["libdefaults", "rdns"]).unwrap().place;
    assert_eq!(place.to_string(), "krb5.conf", "no line, since none was read");
    assert_eq!(tree(&Config::from(read)), tree(&config));
}

#[test]
fn values_are_quoted_where_they_need_it() {
    for (value, written) in [
        ("plain # text", "plain # text"),
        ("", "\"\""),
        (" a", "\" a\""),
        ("a\t", "\"a\t\""),
        ("\"a\"", "\"\\\"a\\\"\""),
        ("a \"b\" \\n", "a \"b\" \\n"),
        ("{", "\"{\""),
        ("{ a }", "{ a }"),
        ("a\nb\\", "\"a\\nb\\\\\""),
    ] {
        let mut file = ConfigFile::new("test");
        file.add(&["a", "x"], value).unwrap();
        assert_eq!(file.to_string(), format!("[a]\n\tx = {written}\n"));
        assert_eq!(config(&file.to_string()).value(&["a", "x"]).unwrap().value, value);
    }
}

#[test]
fn what_was_read_is_written_with_its_marks() {
    let text = "[a]*\nx* = 1\nr* = {\ny = 2\n}\ns = {\n}*\n[b]\n";
    let file = ConfigFile::parse("test", text.as_bytes()).unwrap();
    assert_eq!(file.to_string(), "[a]*\n\tx* = 1\n\tr* = {\n\t\ty = 2\n\t}\n\ts* = {\n\t}\n\n[b]\n");
    let file = ConfigFile::parse("test", b"module x:y\n").unwrap();
    assert_eq!(file.to_string(), "module x:y\n");
}

#[test]
fn what_no_file_can_say_is_refused() {
    let mut file = ConfigFile::parse("test", b"[a]\nx* = 1\n").unwrap();
    let mut refusal = |path: &[&str], value: &str| file.add(path, value).unwrap_err();
    let name = |name: &str| NotWritable::Name { name: name.to_owned() };
    assert_eq!(refusal(&["x"], "1"), NotWritable::NoSection);
    assert_eq!(refusal(&[], "1"), NotWritable::NoSection);
    for bad in ["", "x y", "x=", "x*", "[x", "x]", "{", "}", "#x", ";x", "x\n", "\u{a0}x", "\"x\""] {
        assert_eq!(refusal(&["a", bad], "1"), name(bad));
        assert_eq!(refusal(&[bad, "x"], "1"), name(bad));
    }
    assert_eq!(refusal(&["a", "y"], "1\0"), NotWritable::ZeroByte);
    let length = limits::MAX_LINE / 2;
    assert_eq!(refusal(&["a", "y"], &"\n".repeat(length)), NotWritable::TooLong { length });
    let deep = vec!["a"; limits::MAX_DEPTH + 2];
    assert_eq!(refusal(&deep, "1"), NotWritable::TooDeep);
    assert_eq!(refusal(&["a", "x"], "2"), NotWritable::Final);
    file.add(&deep[1..], "1").unwrap();
    assert!(ConfigFile::parse("test", file.to_string().as_bytes()).is_ok());
}

#[test]
fn the_longest_line_that_is_written_can_be_read() {
    let mut file = ConfigFile::new("test");
    let name = "n".repeat(limits::MAX_LINE / 4);
    let mut value = "\n".repeat(limits::MAX_LINE);
    while file.add(&["a", &name], &value).is_err() {
        value.pop();
    }
    assert_eq!(config(&file.to_string()).value(&["a", &name]).unwrap().value, value);
}

#[test]
fn entries_are_bounded() {
    let mut file = ConfigFile::new("test");
    for _ in 0..limits::MAX_ENTRIES / 2 {
        file.add(&["a", "x"], "1").unwrap();
    }
    assert_eq!(file.add(&["a", "x"], "1"), Err(NotWritable::TooManyEntries));
    assert!(ConfigFile::parse("test", file.to_string().as_bytes()).is_ok());
}
