//! Made-up files.

use krb5_files::config::{Config, ConfigFile, Node, Section, Server, Service, limits, value};
use proptest::prelude::*;

use super::tree;

/// Names, values and marks, in the order in which they are kept. Places differ between a file and what is written.
fn content(section: Section<'_>) -> Vec<String> {
    section
        .nodes()
        .flat_map(|node| match node {
            Node::Relation { name, value } => vec![format!("{name:?} {:?} {}", value.value, value.is_final)],
            Node::Section { name, section } => {
                let inside = content(section).into_iter().map(|line| format!("{name:?} > {line}"));
                [format!("{name:?} section {}", section.is_final())].into_iter().chain(inside).collect()
            }
        })
        .collect()
}

/// A name, seldom a strange one, and seldom marked final.
fn name() -> impl Strategy<Value = String> {
    let star = prop_oneof![9 => Just(""), 1 => Just("*")];
    let name = prop_oneof![8 => "[xyz]", 1 => "[!-<>-Z^-|~]{1,4}", 1 => "\\p{L}{1,3}"];
    (name, star).prop_map(|(name, star)| format!("{name}{star}"))
}

/// What stands between a section's heading and the next: nearly always something that can be read.
fn inside() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-c #;{}\"\\\\=*\t]{1,8}", "\\PC{1,8}"];
    let line = prop_oneof![
        6 => (name(), text.clone()).prop_map(|(name, text)| format!("{name} = {text}\n")),
        2 => (name(), text.clone()).prop_map(|(name, text)| format!("{name} = \"{text}\"\n")),
        1 => text.prop_map(|text| format!("# {text}\n")),
    ];
    line.prop_recursive(3, 20, 4, |inside| {
        let lines = prop::collection::vec(inside, 0..5).prop_map(|lines| lines.concat());
        (name(), lines, prop_oneof![9 => Just(""), 1 => Just("*")])
            .prop_map(|(name, lines, star)| format!(" {name} = {{\n{lines}}}{star}\n"))
    })
}

fn file() -> impl Strategy<Value = String> {
    let heading = prop_oneof![Just("[a]"), Just("[b]"), Just("[a]*"), Just("[c d]")];
    let section = (heading, prop::collection::vec(inside(), 0..6));
    let section = section.prop_map(|(heading, inside)| format!("{heading}\n{}", inside.concat()));
    prop::collection::vec(section, 1..4).prop_map(|sections| sections.concat())
}

/// What is written is read as the same.
fn written_and_read_again(file: &ConfigFile) {
    let text = file.to_string();
    // A quoted value may need a longer line than it had.
    if text.lines().all(|line| line.len() <= limits::MAX_LINE) {
        let again = ConfigFile::parse("again", text.as_bytes()).unwrap();
        assert_eq!(content(again.root()), content(file.root()), "{text}");
        assert_eq!(again.to_string(), text);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(text in file()) {
        if let Ok(file) = ConfigFile::parse("test", text.as_bytes()) {
            written_and_read_again(&file);
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for bytes in [bytes.clone(), [b"[a]\n", &bytes[..]].concat()] {
            match ConfigFile::parse("test", &bytes) {
                Ok(file) => written_and_read_again(&file),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn a_changed_byte_never_panics(text in file(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(file) = ConfigFile::parse("test", &bytes) {
            written_and_read_again(&file);
        }
    }

    #[test]
    fn made_files_give_what_was_put_in(
        relations in prop::collection::vec(("[a-c]", "[x-z]{1,2}", "\\PC{0,20}"), 0..10),
    ) {
        let mut file = ConfigFile::new("test");
        for (section, name, value) in &relations {
            file.add(&[section, "sub", name], value).unwrap();
        }
        let read = Config::from(ConfigFile::parse("test", file.to_string().as_bytes()).unwrap());
        for (section, name, _) in &relations {
            let expected: Vec<&str> = relations
                .iter()
                .filter(|(other, its_name, _)| (other, its_name) == (section, name))
                .map(|(_, _, value)| value.as_str())
                .collect();
            let path = [section.as_str(), "sub", name.as_str()];
            let values: Vec<&str> = read.values(&path).iter().map(|found| found.value).collect();
            prop_assert_eq!(values, expected);
        }
        prop_assert_eq!(tree(&read), tree(&Config::from(file)));
    }

    #[test]
    fn durations_are_read_back(days in 0..20_000, hours in 0..24, minutes in 0..60, seconds in 0..60) {
        let total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        for text in [
            format!("{days}d{hours}h{minutes}m{seconds}s"),
            format!("{days}d {hours}h {minutes}m {seconds}s"),
            format!("{days}-{hours}:{minutes:02}:{seconds:02}"),
            format!("{total}"),
        ] {
            prop_assert_eq!(value::duration(&text).map(|duration| duration.seconds), Some(total), "{}", text);
        }
    }

    #[test]
    fn servers_are_read_back(text in "(https://|tcp/|udp/|)[a-z0-9.\\[\\]: /-]{0,20}") {
        if let Ok((server, _)) = Server::parse(&text, Service::Kdc) {
            let shown = server.to_string();
            let again = Server::parse(&shown, Service::Kdc);
            prop_assert_eq!(again, Ok((server, "")), "{}", shown);
        }
    }
}
