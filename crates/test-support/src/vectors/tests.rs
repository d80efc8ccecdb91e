use super::*;

const HEADER: &str = "source: this test\nkind: demo\norigin: derived\n\n";

fn file(records: &str) -> VectorFile {
    VectorFile::parse("demo.txt", &format!("{HEADER}{records}")).unwrap()
}

fn error(text: &str) -> String {
    VectorFile::parse("demo.txt", text).unwrap_err().to_string()
}

#[test]
fn reads_every_kind_of_value() {
    let file = file(
        "# a comment\nname: first one\nkey: 00fF\n  10\ntext: \"a: b\"\nword: aes\nempty: \"\"\nnone: -\nn: -17\nmask: 0xff\n",
    );
    assert_eq!(file.header("source"), "this test");
    let [record] = file.records() else { panic!("one record") };
    assert_eq!((record.name(), record.line()), ("first one", 6));
    assert_eq!(record.hex("key"), [0, 0xff, 0x10]);
    assert_eq!(record.hex("text"), b"a: b");
    assert_eq!(record.text("text"), "a: b");
    assert_eq!(record.text("word"), "aes");
    assert_eq!(record.hex("empty"), b"");
    assert_eq!((record.opt_hex("none"), record.get("none")), (None, None));
    assert_eq!((record.opt_hex("nowhere"), record.get("nowhere")), (None, None));
    assert_eq!((record.int("n"), record.int("mask")), (-17, 255));
}

#[test]
fn repeated_keys_come_in_file_order() {
    let file = file("name: a\npart: 01\npart: \"2\"\nnone: -\n");
    assert_eq!(file.records()[0].all("part"), [vec![1], b"2".to_vec()]);
    assert_eq!(file.records()[0].all("none"), Vec::<Vec<u8>>::new());
    assert_eq!(file.records()[0].all("other"), Vec::<Vec<u8>>::new());
}

#[test]
fn a_record_may_state_its_kind() {
    let file = file("name: a\n\n\nname: b\nkind: other\n\nname: c\n");
    let names = |kind| file.records_of(kind).map(Record::name).collect::<Vec<_>>();
    assert_eq!(names("demo"), ["a", "c"]);
    assert_eq!(names("other"), ["b"]);
}

#[test]
fn crlf_files_read_the_same() {
    let text = format!("{HEADER}name: a\nkey: 01\n").replace('\n', "\r\n");
    assert_eq!(VectorFile::parse("demo.txt", &text).unwrap().records()[0].hex("key"), [1]);
}

#[test]
fn format_errors_name_file_and_line() {
    assert_eq!(error(""), "demo.txt:1: the file has no header");
    assert_eq!(error("kind: x\norigin: spec\n"), "demo.txt:1: the header lacks \"source\"");
    assert_eq!(
        error("source: x\nkind: x\nkind: y\norigin: spec\n"),
        "demo.txt:1: the header repeats \"kind\""
    );
    let seen = error("# c\nsource: x\nkind: x\norigin: guess\n");
    assert!(seen.starts_with("demo.txt:2: origin is \"guess\", expected one of"), "{seen}");
    assert_eq!(error(HEADER), "demo.txt:1: the file has no record");
    for (record, expected) in [
        ("key: 01\n", "demo.txt:5: a record needs exactly one \"name\""),
        ("name: a\nname: b\n", "demo.txt:5: a record needs exactly one \"name\""),
        ("name: a\nkey 01\n", "demo.txt:6: \"key 01\" is not \"key: value\""),
        ("name: a\nkey:\n", "demo.txt:6: \"key\" has no value; write \"\" for empty bytes and - for none"),
        ("name: a\nkey: \"b\n", "demo.txt:6: \"key\" is not a quoted text of printable ASCII: \"b"),
        (
            "name: a\nkey: \"\u{e9}\"\n",
            "demo.txt:6: \"key\" is not a quoted text of printable ASCII: \"\u{e9}\"",
        ),
        (" 01\n", "demo.txt:5: an indented line with no value above it"),
    ] {
        assert_eq!(error(&format!("{HEADER}{record}")), expected);
    }
    let seen = error(&format!("{HEADER}na me: a\n"));
    assert!(seen.starts_with("demo.txt:5: key \"na me\" has characters other than"), "{seen}");
}

#[test]
#[should_panic(expected = "demo.txt:5 (a): no value for key \"key\"")]
fn a_missing_key_panics() {
    file("name: a\n").records()[0].hex("key");
}

#[test]
#[should_panic(expected = "demo.txt:5 (a): no value for key \"key\"")]
fn an_absent_value_is_not_empty_bytes() {
    file("name: a\nkey: -\n").records()[0].hex("key");
}

#[test]
#[should_panic(expected = "demo.txt:6: \"key\" is \"012\", expected hex digits or a quoted text")]
fn half_a_byte_panics() {
    file("name: a\nkey: 012\n").records()[0].hex("key");
}

#[test]
#[should_panic(expected = "demo.txt:6: \"key\" is \"0x+1\", expected a whole number")]
fn a_malformed_number_panics() {
    file("name: a\nkey: 0x+1\n").records()[0].int("key");
}

#[test]
#[should_panic(expected = "key \"part\" is repeated, read it with all()")]
fn a_repeated_key_has_no_single_value() {
    file("name: a\npart: 01\npart: 02\n").records()[0].hex("part");
}

#[test]
#[should_panic(expected = "no record of kind \"demmo\"")]
fn a_misspelled_kind_panics() {
    let _ = file("name: a\n").records_of("demmo").count();
}

#[test]
#[should_panic(expected = "vectors/no/such/file.txt: ")]
fn a_missing_file_panics() {
    load("no/such/file.txt");
}
