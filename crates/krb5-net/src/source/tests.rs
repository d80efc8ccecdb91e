use super::*;
use std::path::PathBuf;

use krb5_files::config::ConfigWarningKind;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().into()
}

fn default_realm(config: &Config) -> (String, String) {
    let realm = config.libdefaults().default_realm().unwrap();
    (realm.value.into(), realm.origin.to_string())
}

#[test]
fn earlier_file_of_the_list_comes_first_and_missing_ones_are_left_out() {
    let folder = folder(&[
        ("a", "[libdefaults]\ndefault_realm = A\n"),
        ("b", "[libdefaults]\ndefault_realm = B\nclockskew = 7\n"),
    ]);
    let files = ["missing", "a", "b"].map(|name| path(&folder, name));
    let config = load(&files).unwrap();
    assert_eq!(default_realm(&config), ("A".into(), format!("{}:2", files[1])));
    assert_eq!(config.libdefaults().clockskew().value, 7);
}

#[test]
fn no_file_at_all_is_an_empty_configuration() {
    let folder = folder(&[]);
    assert!(load(&[path(&folder, "missing"), String::new()]).unwrap().files().is_empty());
}

#[test]
fn included_files_and_folders_are_read() {
    let folder = folder(&[
        ("conf.d/one.conf", "[libdefaults]\ndefault_realm = ONE\n"),
        ("conf.d/two.conf~", "[libdefaults]\nclockskew = 1\n"),
        ("three", "[libdefaults]\nclockskew = 3\n"),
    ]);
    let main = path(&folder, "krb5.conf");
    let (directory, file) = (path(&folder, "conf.d"), path(&folder, "three"));
    fs::write(&main, format!("includedir {directory}\ninclude {file}\n")).unwrap();
    let config = load(&[main]).unwrap();
    assert_eq!(default_realm(&config), ("ONE".into(), format!("{directory}/one.conf:2")));
    assert_eq!(config.libdefaults().clockskew().value, 3);
    let warnings: Vec<_> = config.warnings().collect();
    assert_eq!(warnings.len(), 1);
    assert!(matches!(warnings[0].kind, ConfigWarningKind::NameNotIncluded { name } if name == "two.conf~"));
}

#[test]
fn warnings_name_file_and_line() {
    let folder = folder(&[("krb5.conf", "[libdefaults]\nx = \"a\" b\n")]);
    let file = path(&folder, "krb5.conf");
    let config = load(core::slice::from_ref(&file)).unwrap();
    let warnings: Vec<_> = config.warnings().map(|warning| warning.to_string()).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with(&format!("{file}:2: ")), "{warnings:?}");
}

#[test]
fn include_of_what_is_not_there_is_an_error() {
    let folder = folder(&[("krb5.conf", "include /nonexistent/file\n")]);
    let error = load(&[path(&folder, "krb5.conf")]).unwrap_err();
    assert!(matches!(error.kind, ConfigErrorKind::Include { error: SourceError::NotFound, .. }), "{error}");
    assert_eq!(error.line, 1);
}

#[test]
fn folder_in_the_list_is_read_like_an_included_one() {
    let folder = folder(&[("conf.d/one.conf", "[libdefaults]\ndefault_realm = ONE\n")]);
    assert_eq!(default_realm(&load(&[path(&folder, "conf.d")]).unwrap()).0, "ONE");
}

#[test]
fn include_loop_ends() {
    let folder = folder(&[]);
    let file = path(&folder, "krb5.conf");
    fs::write(&file, format!("include {file}\n")).unwrap();
    let error = load(&[file]).unwrap_err();
    assert!(matches!(error.kind, ConfigErrorKind::IncludeLoop { .. }), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn endless_file_is_refused() {
    let error = load(&["/dev/zero".into()]).unwrap_err();
    assert!(matches!(error.kind, ConfigErrorKind::TooLarge), "{error}");
}

#[cfg(unix)]
#[test]
fn name_that_is_not_utf_8_is_told_and_not_skipped() {
    use std::os::unix::ffi::OsStringExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsString::from_vec(b"\xff.conf".to_vec());
    fs::write(folder.path().join(PathBuf::from(name)), "").unwrap();
    let error = load(&[folder.path().to_str().unwrap().into()]).unwrap_err();
    assert!(error.to_string().contains("\u{fffd}.conf"), "{error}");
}
