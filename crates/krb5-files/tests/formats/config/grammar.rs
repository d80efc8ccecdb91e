//! What MIT krb5 reads from small files.

use gss_core::Diagnose;
use krb5_files::config::Config;
use test_support::vectors;

use super::{Files, text, tree};

/// The errors of MIT krb5's profile library, by our codes.
fn mit_error(code: &str) -> &'static str {
    match code {
        "config_no_bracket" | "config_text_after_bracket" => "section-syntax",
        "config_no_equals" | "config_no_name" | "config_blank_in_name" => "relation-syntax",
        "config_no_value" => "missing-open-brace",
        "config_nothing_to_close" => "extra-closing-brace",
        "config_section_inside" => "section-not-top",
        "config_include" => "include-file",
        code => panic!("{code} has no counterpart"),
    }
}

#[test]
fn reads_and_refuses_what_mit_does() {
    for record in vectors::load("files/config/grammar.txt").records() {
        let mut files = Files::default();
        for key in ["line", "second", "third"] {
            if !record.all(key).is_empty() {
                files.0.insert(key.to_owned(), text(record, key));
            }
        }
        let paths: Vec<String> = files.0.keys().cloned().collect();
        let read = Config::read(paths.iter().map(String::as_str), &mut files);
        let name = record.name();
        match (read, record.get("error")) {
            (Ok(config), None) => {
                let expected: Vec<String> =
                    record.all("tree").into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
                assert_eq!(tree(&config), expected, "{name}");
            }
            (Err(error), Some("include-directory")) => assert_eq!(error.code(), "config_include", "{name}"),
            (Err(error), Some(expected)) => assert_eq!(mit_error(error.code()), expected, "{name}"),
            (read, expected) => {
                panic!("{name}: {:?}, expected {expected:?}", read.map(|config| tree(&config)))
            }
        }
    }
}
