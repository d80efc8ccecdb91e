//! Included files and lists of files.

use krb5_files::config::{
    Config, ConfigError, ConfigErrorKind, ConfigFile, ConfigWarningKind, Source, SourceError,
    is_included_name,
};

use super::{Files, tree};

fn read(files: &Files) -> Result<ConfigFile, ConfigError> {
    ConfigFile::read("main", &mut files.clone())
}

#[test]
fn an_included_file_has_sections_of_its_own() {
    let files = Files::new([
        ("main", "include first\n[a]\nx = 2\nr = {\ninclude inside\ny = 5\n}\n"),
        ("first", "# nothing but\n[a]\nx = 1\n"),
        ("inside", "[a]\nr = {\ny = 4\n}\nx = 3\n"),
    ]);
    let file = read(&files).unwrap();
    let config = Config::from(file);
    assert_eq!(tree(&config), ["a/x = 1", "a/x = 2", "a/x = 3", "a/r/y = 4", "a/r/y = 5"]);
    let places: Vec<String> =
        config.values(&["a", "x"]).iter().map(|found| found.place.to_string()).collect();
    assert_eq!(places, ["first:3", "main:3", "inside:5"]);
    assert_eq!(config.warnings().count(), 0);
}

#[test]
fn a_final_name_keeps_included_files_out() {
    let files = Files::new([("main", "[a]\nx* = 1\ninclude more\n"), ("more", "[a]\nx = 2\ny = 3\n")]);
    let config = Config::from(read(&files).unwrap());
    assert_eq!(tree(&config), ["a/x = 1", "a/y = 3"]);
    let warning = config.warnings().next().unwrap();
    assert_eq!(warning.to_string(), "more:2: ignored: \"x\" was made final with '*' above");
}

#[test]
fn a_directory_gives_its_files_in_order() {
    let files = Files::new([
        ("main", "includedir dir\n"),
        ("dir/b.conf", "[a]\nx = 2\n"),
        ("dir/B", "[a]\nx = 1\n"),
        ("dir/c-1_2", "[a]\nx = 3\n"),
        ("dir/d~", "[a]\nx = 9\n"),
        ("dir/.e.conf", "[a]\nx = 9\n"),
        ("dir/f.conf.bak", "[a]\nx = 9\n"),
    ]);
    let config = Config::from(read(&files).unwrap());
    assert_eq!(tree(&config), ["a/x = 1", "a/x = 2", "a/x = 3"]);
    let left_out: Vec<_> = config
        .warnings()
        .map(|warning| match warning.kind {
            ConfigWarningKind::NameNotIncluded { name } => name.as_str(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(left_out, [".e.conf", "d~", "f.conf.bak"]);
}

#[test]
fn names_that_count() {
    for name in ["a", "A-1_b", "x.conf", "with blank.conf", "a.b.conf", "-"] {
        assert!(is_included_name(name), "{name}");
    }
    for name in [".conf", ".x.conf", "x.conf~", "x.rpmnew", "a b", "\u{e4}", "x.CONF"] {
        assert!(!is_included_name(name), "{name}");
    }
}

#[test]
fn a_directory_in_place_of_a_file() {
    let files = Files::new([("main/x.conf", "[a]\nx = 1\n")]);
    assert_eq!(tree(&Config::from(read(&files).unwrap())), ["a/x = 1"], "as if by includedir");
    let files = Files::new([("main", "include dir\n[a]\nx = 2\n"), ("dir/x.conf", "[a]\nx = 1\n")]);
    let config = Config::from(read(&files).unwrap());
    assert_eq!(tree(&config), ["a/x = 2"], "an include of a directory gives nothing");
    assert_eq!(*config.warnings().next().unwrap().kind, ConfigWarningKind::IncludesDirectory);
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let files = Files::new([("main", "[a]\ninclude more\n"), ("more", "\n\ninclude main\n")]);
    let error = read(&files).unwrap_err();
    let path = "main".to_owned();
    let expected =
        ConfigError { file: "more".to_owned(), line: 3, kind: ConfigErrorKind::IncludeLoop { path } };
    assert_eq!(error, expected);
    // Twice is no loop.
    let files = Files::new([("main", "include more\ninclude more\n"), ("more", "[a]\nx = 1\n")]);
    assert_eq!(tree(&Config::from(read(&files).unwrap())), ["a/x = 1", "a/x = 1"]);
}

#[test]
fn a_missing_include_is_refused_where_it_stands() {
    let files = Files::new([("main", "[a]\n\ninclude /no/such/file\n")]);
    let error = read(&files).unwrap_err();
    assert_eq!(error.to_string(), "main:3: cannot include \"/no/such/file\": no such file or directory");
    let alone = ConfigFile::parse("main", b"include x\n").unwrap_err();
    assert!(matches!(alone.kind, ConfigErrorKind::Include { error: SourceError::Other(_), .. }), "{alone}");
    let alone = ConfigFile::parse("main", b"includedir x\n").unwrap_err();
    assert!(matches!(alone.kind, ConfigErrorKind::Include { error: SourceError::Other(_), .. }), "{alone}");
}

/// A file that may not be read.
struct Denied(Files);

impl Source for Denied {
    fn file(&mut self, path: &str) -> Result<Vec<u8>, SourceError> {
        if path == "denied" { Err(SourceError::Denied) } else { self.0.file(path) }
    }

    fn directory(&mut self, path: &str) -> Result<Vec<String>, SourceError> {
        self.0.directory(path)
    }
}

#[test]
fn a_list_leaves_out_what_is_missing_or_denied() {
    let mut files = Denied(Files::new([("1", "[a]\nx = 1\n"), ("2", "[a]\nx = 2\n"), ("broken", "[a\n")]));
    let config = Config::read(["none", "1", "denied", "2"], &mut files).unwrap();
    assert_eq!(tree(&config), ["a/x = 1", "a/x = 2"]);
    assert_eq!(config.files().len(), 2);
    let kind = |paths: &[&str], files: &mut Denied| {
        Config::read(paths.iter().copied(), files).map(|config| tree(&config)).unwrap_err().kind
    };
    assert_eq!(kind(&["none"], &mut files), ConfigErrorKind::NoFile);
    assert_eq!(kind(&["denied", "none"], &mut files), ConfigErrorKind::Unreadable(SourceError::Denied));
    assert_eq!(kind(&["1", "broken"], &mut files), ConfigErrorKind::NoBracket);
    let error = ConfigFile::read("none", &mut files).unwrap_err();
    assert_eq!(error.to_string(), "none: cannot be read: no such file or directory");
}

#[test]
fn a_module_line_ends_the_list() {
    let mut files = Files::new([
        ("module", "# first\nmodule /lib/x.so:rest\n[a\n"),
        ("1", "[a]\nx = 1\n"),
        ("includes", "include module\n"),
    ]);
    let config = Config::read(["module", "1"], &mut files).unwrap();
    assert_eq!(tree(&config), ["/"], "the rest of the file is not read, nor are the others");
    let module = config.files()[0].module().unwrap();
    assert_eq!(module.to_string(), "/lib/x.so:rest from module:2");
    for (paths, file, line) in [(["1", "module"], "module", 2), (["includes", "1"], "module", 2)] {
        let error = Config::read(paths, &mut files).map(|config| tree(&config)).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), (file, line));
        assert_eq!(error.kind, ConfigErrorKind::ModuleNotFirst);
    }
}
