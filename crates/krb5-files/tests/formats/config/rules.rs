//! Every rule, broken; every warning, earned.

use alloc::collections::BTreeSet;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_files::config::{ConfigErrorKind, ConfigFile, ConfigWarningKind, limits};

use super::Files;

fn error(text: impl AsRef<[u8]>) -> (u32, ConfigErrorKind) {
    let error = ConfigFile::parse("test", text.as_ref()).unwrap_err();
    assert_eq!(error.file, "test");
    assert_eq!((error.blame(), error.major()), (Blame::Environment, MajorStatus::FAILURE));
    (error.line, error.kind)
}

#[test]
fn each_rule_has_its_error_and_its_line() {
    let owned = str::to_owned;
    for (text, line, kind) in [
        ("[a]\nr = {\n[b]\n", 3, ConfigErrorKind::SectionInside),
        ("[a]\n[b\n", 2, ConfigErrorKind::NoBracket),
        ("[a] # one\n", 1, ConfigErrorKind::TextAfterBracket { text: owned("# one") }),
        ("[a]\n}\n", 2, ConfigErrorKind::NothingToClose),
        ("\n\n[a]\nwords only\n", 4, ConfigErrorKind::NoEquals { text: owned("words only") }),
        ("[a]\n= 1\n", 2, ConfigErrorKind::NoName),
        ("[a]\nx y = 1\n", 2, ConfigErrorKind::BlankInName { name: owned("x y") }),
        ("[a]\nx =\ny = 1\n", 3, ConfigErrorKind::NoValue { seen: owned("y = 1") }),
        ("[a]\nx =\n\n{\n}\n", 3, ConfigErrorKind::NoValue { seen: owned("") }),
    ] {
        assert_eq!(error(text), (line, kind), "{text:?}");
    }
}

#[test]
fn an_error_shows_a_part_of_a_long_line_only() {
    let (_, kind) = error(format!("[a]\n{}", "x".repeat(2000)));
    assert_eq!(kind, ConfigErrorKind::NoEquals { text: "x".repeat(60) });
}

#[test]
fn each_limit_holds() {
    let line = |length: usize| format!("[a]\nx = {}\r\n", "v".repeat(length - 4));
    assert!(ConfigFile::parse("test", line(limits::MAX_LINE).as_bytes()).is_ok());
    let length = limits::MAX_LINE + 1;
    assert_eq!(error(line(length)), (2, ConfigErrorKind::LineTooLong { length }));

    let depth = |depth: usize| format!("[a]\n{}", "r = {\n".repeat(depth - 1));
    assert!(ConfigFile::parse("test", depth(limits::MAX_DEPTH).as_bytes()).is_ok());
    let (line, kind) = error(depth(limits::MAX_DEPTH + 1));
    assert_eq!((line as usize, kind), (limits::MAX_DEPTH + 1, ConfigErrorKind::TooDeep));

    let entries = |count: usize| format!("[a]\n{}", "x=1\n".repeat(count - 1));
    assert!(ConfigFile::parse("test", entries(limits::MAX_ENTRIES).as_bytes()).is_ok());
    let (line, kind) = error(entries(limits::MAX_ENTRIES + 1));
    assert_eq!((line as usize, kind), (limits::MAX_ENTRIES + 1, ConfigErrorKind::TooManyEntries));

    let size = |size: usize| b"\n".repeat(size);
    assert!(ConfigFile::parse("test", &size(limits::MAX_SIZE)).is_ok());
    assert_eq!(error(size(limits::MAX_SIZE + 1)), (0, ConfigErrorKind::TooLarge));
}

#[test]
fn includes_have_limits() {
    let chain = |length: usize| {
        let mut files = Files::default();
        for number in 1..length {
            files.0.insert(number.to_string(), format!("include {}\n", number + 1).into_bytes());
        }
        files.0.insert(length.to_string(), b"[a]\n".to_vec());
        ConfigFile::read("1", &mut files).map(|file| file.files().count()).map_err(|error| error.kind)
    };
    assert_eq!(chain(limits::MAX_INCLUDE_DEPTH), Ok(limits::MAX_INCLUDE_DEPTH));
    assert_eq!(chain(limits::MAX_INCLUDE_DEPTH + 1), Err(ConfigErrorKind::IncludeTooDeep));

    let repeated = |count: usize| {
        let text = "include more\n".repeat(count);
        let mut files = Files::new([("main", text.as_str()), ("more", "")]);
        ConfigFile::read("main", &mut files).map(|file| file.files().count()).map_err(|error| error.kind)
    };
    assert_eq!(repeated(limits::MAX_FILES - 1), Ok(limits::MAX_FILES));
    assert_eq!(repeated(limits::MAX_FILES), Err(ConfigErrorKind::TooManyFiles));

    let half = "\n".repeat(limits::MAX_SIZE / 2);
    let mut files = Files::new([("main", "include more\ninclude more\n"), ("more", half.as_str())]);
    assert_eq!(ConfigFile::read("main", &mut files).unwrap_err().kind, ConfigErrorKind::TooLarge);
}

#[test]
fn warnings_are_bounded() {
    let text = format!("[a]\n{}", "x = 1 # one\n".repeat(limits::MAX_WARNINGS + 5));
    assert_eq!(ConfigFile::parse("test", text.as_bytes()).unwrap().warnings().count(), limits::MAX_WARNINGS);
}

#[test]
fn each_silence_of_mit_has_its_warning() {
    use ConfigWarningKind as Kind;
    let final_name = |name: &str| Kind::AfterFinal { name: name.to_owned() };
    for (text, line, kind) in [
        (&b"\xef\xbb\xbf# c\n[a]\n"[..], 1, Kind::ByteOrderMark),
        (b"# c\nx = 1\ny = 2\n[a]\n", 2, Kind::BeforeFirstSection),
        (b" [a]\n[a]\n", 1, Kind::BeforeFirstSection),
        (b"[a]\nx = \"1\" 2\n", 2, Kind::AfterQuote),
        (b"[a]\nx = \"1\n", 2, Kind::NoClosingQuote),
        (b"[a]\nr = {\n} x\n", 3, Kind::AfterBrace),
        (b"[a]\nr = {\n}* x\n", 3, Kind::AfterBrace),
        (b"[a]\nr =\n{ x\n}\n", 3, Kind::AfterBrace),
        (b"[a]\nx*y = 1\n", 2, Kind::AfterStar),
        (b"[a]\nx* = 1\nx = 2\n", 3, final_name("x")),
        (b"[a]\nr* = {\n}\nr = {\n}\n", 4, final_name("r")),
        (b"[a]*\n[a]\n", 2, final_name("a")),
        (b"[a]\nx = 1 ; c\n", 2, Kind::CommentInValue),
        (b"[a]\nr = { x = 1 }\n", 2, Kind::BraceInValue),
        (b"[ a]\n", 1, Kind::BlankInSectionName),
        (b"[a]\nx = 1\0\n", 2, Kind::ZeroByte),
        (b"[a]\nx = \xe4\n", 2, Kind::NotUtf8),
        (b"[a]\nr = {\nx = 1\n", 3, Kind::NotClosed),
        (b"[a]\nr =\n", 2, Kind::NotClosed),
    ] {
        let file = ConfigFile::parse("test", text).unwrap();
        let warnings: Vec<_> = file.warnings().map(|warning| (warning.place.line, warning.kind)).collect();
        assert_eq!(warnings, [(line, &kind)], "{}", text.escape_ascii());
        assert!(file.warnings().next().unwrap().to_string().starts_with(&format!("test:{line}: ")));
    }
    let quiet = b"# c\xe4\n; c\n[a]\n# = {\nx = 1#2\ny = \"# ;\"\nz = a;b\n";
    assert_eq!(ConfigFile::parse("test", quiet).unwrap().warnings().count(), 0);
}

#[test]
fn a_discarded_subsection_says_so_for_all_in_it() {
    let file = ConfigFile::parse("test", b"[a]*\n[a]\nx = 1\nr = {\ny = 2\n}\n[b]\nz = 3\n").unwrap();
    let lines: Vec<u32> = file.warnings().map(|warning| warning.place.line).collect();
    assert_eq!(lines, [2, 3, 5]);
    assert_eq!(file.to_string(), "[a]*\n\n[b]\n\tz = 3\n");
}

#[test]
fn codes_are_words_and_differ() {
    let kinds = [
        error("[a]\nr = {\n[b]\n").1,
        error("[a\n").1,
        error("[a] x\n").1,
        error("[a]\n}\n").1,
        error("[a]\nx\n").1,
        error("[a]\n=\n").1,
        error("[a]\nx y = 1\n").1,
        error("[a]\nx =\n\n").1,
        error("include x\n").1,
    ];
    let count = kinds.len();
    let code = |kind| krb5_files::config::ConfigError { file: String::new(), line: 0, kind }.code();
    let codes: BTreeSet<&str> = kinds.into_iter().map(code).collect();
    assert_eq!(codes.len(), count);
    assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}
