//! Names.

use super::*;
use alloc::string::{String, ToString};

#[test]
fn names_are_read_in_both_charsets() {
    let wide = utf16("Jürgen \u{1f600}");
    let text = Text::parse(&wide, Charset::Unicode, 0).unwrap();
    assert_eq!(text.chars().collect::<String>(), "Jürgen \u{1f600}");
    assert_eq!((text.as_bytes(), text.charset()), (wide.as_slice(), Charset::Unicode));
    let narrow = Text::parse(b"Jurgen", Charset::Oem, 0).unwrap();
    assert_eq!(narrow.chars().collect::<String>(), "Jurgen");
    assert!(!narrow.is_empty() && Text::empty(Charset::Oem).is_empty());
}

#[test]
fn names_are_compared_exactly_or_in_upper_case() {
    let wide = utf16("Jürgen");
    let text = Text::parse(&wide, Charset::Unicode, 0).unwrap();
    assert!(
        text.eq_str("Jürgen") && !text.eq_str("jürgen") && !text.eq_str("Jürge") && !text.eq_str("Jürgens")
    );
    assert!(text.eq_ignore_case("JÜRGEN") && text.eq_ignore_case("jürgen"));
    assert!(!text.eq_ignore_case("JURGEN") && !text.eq_ignore_case("JÜRGE") && !text.eq_ignore_case(""));
    // Upper case is of single characters: the sharp s has none of its own.
    let wide = utf16("groß");
    let text = Text::parse(&wide, Charset::Unicode, 0).unwrap();
    assert!(text.eq_ignore_case("GROß") && !text.eq_ignore_case("GROSS"));
}

#[test]
fn what_cannot_be_seen_is_escaped() {
    let wide = utf16("a\nb\u{202e}c\u{1b}d'\"\\é");
    let text = Text::parse(&wide, Charset::Unicode, 0).unwrap();
    assert_eq!(text.to_string(), r#"a\nb\u{202e}c\u{1b}d'"\\é"#);
}

#[test]
fn half_units_and_half_pairs_are_refused() {
    for len in [1, 3, 65_535] {
        let error = Text::parse(&alloc::vec![b'a'; len], Charset::Unicode, 9).unwrap_err();
        assert_eq!(error, TextError { kind: TextErrorKind::OddLength { len }, offset: 9 });
    }
    let [high, low] = [[0x3d, 0xd8], [0x00, 0xde]];
    for (units, unit, at) in [
        (&[high][..], 0xd83d, 0),
        (&[low], 0xde00, 0),
        (&[low, high], 0xde00, 0),
        (&[high, high, low], 0xd83d, 0),
        (&[high, low, low], 0xde00, 4),
        (&[high, low, high], 0xd83d, 4),
    ] {
        let error = Text::parse(units.as_flattened(), Charset::Unicode, 100).unwrap_err();
        let kind = TextErrorKind::UnpairedSurrogate { unit };
        assert_eq!(error, TextError { kind, offset: 100 + at }, "{units:x?}");
    }
    assert!(Text::parse([high, low].as_flattened(), Charset::Unicode, 0).unwrap().eq_str("\u{1f600}"));
}

#[test]
fn nul_is_refused() {
    for (text, at) in [("\0", 0), ("user\0", 8), ("us\0er", 4), ("\u{1f600}\0", 4)] {
        let error = Text::parse(&utf16(text), Charset::Unicode, 1).unwrap_err();
        assert_eq!(error, TextError { kind: TextErrorKind::Nul, offset: 1 + at });
    }
    let error = Text::parse(b"us\0er", Charset::Oem, 1).unwrap_err();
    assert_eq!(error, TextError { kind: TextErrorKind::Nul, offset: 3 });
}

#[test]
fn code_pages_are_not_guessed() {
    let error = Text::parse(b"J\xfcrgen\0", Charset::Oem, 40).unwrap_err();
    assert_eq!(error, TextError { kind: TextErrorKind::NotAscii { byte: 0xfc }, offset: 41 });
    assert!(error.to_string().contains("byte 0xfc in a name without agreed code page"), "{error}");
    assert!(Text::parse(b"\x7f", Charset::Oem, 0).is_ok() && Text::parse(b"\x80", Charset::Oem, 0).is_err());
}
