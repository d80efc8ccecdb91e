use super::*;
use krb5_files::config::ConfigFile;

fn places(environment: Environment) -> Places {
    Places { environment, user: Some(User { real: 1000, effective: 33, elevated: false }) }
}

fn config(text: &str) -> Config {
    Config::from(ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap())
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn variables_come_first_and_are_taken_as_they_are() {
    let places = places(Environment {
        cache: some("DIR:/run/%{uid}"),
        keytab: some("FILE:/k"),
        client_keytab: some("/c"),
        ..Environment::default()
    });
    let config = config(
        "[libdefaults]\ndefault_ccache_name = KCM:\ndefault_keytab_name = /x\ndefault_client_keytab_name = /y\n",
    );
    assert_eq!(places.cache(&config).unwrap().to_string(), "DIR:/run/%{uid}");
    assert_eq!(places.keytab(&config).unwrap(), Path::new("/k"));
    assert_eq!(places.client_keytab(&config).unwrap(), Path::new("/c"));
}

#[test]
fn configuration_comes_second_with_its_tokens_filled_in() {
    let places = places(Environment { temp: some("/var/tmp"), ..Environment::default() });
    let config = config(
        "[libdefaults]\ndefault_ccache_name = FILE:%{TEMP}/cc_%{uid}%{null}\n\
         default_keytab_name = FILE:/etc/%{USERID}.keytab\ndefault_client_keytab_name = /etc/%{euid}.keytab\n",
    );
    assert_eq!(places.cache(&config).unwrap().to_string(), "FILE:/var/tmp/cc_1000");
    assert_eq!(places.keytab(&config).unwrap(), Path::new("/etc/1000.keytab"));
    assert_eq!(places.client_keytab(&config).unwrap(), Path::new("/etc/33.keytab"));
}

#[cfg(target_os = "linux")]
#[test]
fn built_in_names_come_last() {
    let (places, config) = (places(Environment::default()), Config::default());
    assert_eq!(places.cache(&config).unwrap().to_string(), "FILE:/tmp/krb5cc_1000");
    assert_eq!(places.keytab(&config).unwrap(), Path::new("/etc/krb5.keytab"));
    assert_eq!(places.client_keytab(&config).unwrap(), Path::new("/etc/krb5/user/33/client.keytab"));
    assert_eq!(places.config_files(), ["/etc/krb5.conf"]);
}

#[test]
fn token_without_a_value_is_an_error_with_its_place() {
    let nobody = Places::default();
    let error = nobody.cache(&Config::default()).unwrap_err();
    assert_eq!(error.code(), "config_token_no_value");
    let error = nobody.cache(&config("[libdefaults]\ndefault_ccache_name = /x/%{LIBDIR}\n")).unwrap_err();
    assert!(error.to_string().starts_with("krb5.conf:2: "), "{error}");
}

#[test]
fn unknown_types_are_errors() {
    let places = places(Environment {
        cache: some("KEYRING:session:x"),
        keytab: some("SRVTAB:/etc/srvtab"),
        ..Environment::default()
    });
    assert_eq!(places.cache(&Config::default()).unwrap_err().code(), "cache_type");
    let error = places.keytab(&Config::default()).unwrap_err();
    assert_eq!(error.code(), "keytab_type");
    assert!(error.to_string().contains("SRVTAB"), "{error}");
}

#[test]
fn keytab_names_are_paths_with_or_without_a_type() {
    for (name, path) in [
        ("WRFILE:/k", "/k"),
        ("FILE:/k:1", "/k:1"),
        ("/k:1", "/k:1"),
        ("C:\\krb5kt", "C:\\krb5kt"),
        ("relative", "relative"),
    ] {
        assert_eq!(keytab_path(name).unwrap(), Path::new(path), "{name}");
    }
}

#[cfg(not(windows))]
#[test]
fn list_of_configuration_files_is_split_at_colons_with_the_home_put_in() {
    let environment =
        Environment { config: some("/a:~/b::~c"), home: some("/home/alice"), ..Environment::default() };
    assert_eq!(places(environment).config_files(), ["/a", "/home/alice/b", "", "~c"]);
    let homeless = Environment { config: some("~/b"), ..Environment::default() };
    assert_eq!(Places { environment: homeless, user: None }.config_files(), ["~/b"]);
}

#[test]
fn keytab_is_read_within_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keytab");
    assert_eq!(read_keytab(&path).unwrap_err().code(), "keytab_unreadable");
    std::fs::write(&path, b"\x05\x02").unwrap();
    assert!(read_keytab(&path).unwrap().entries.is_empty());
    std::fs::write(&path, b"\x05\x09").unwrap();
    assert_eq!(read_keytab(&path).unwrap_err().code(), "keytab_format");
    // Sparse: it takes no space.
    File::create(&path).unwrap().set_len(MAX_KEYTAB + 1).unwrap();
    let error = read_keytab(&path).unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn endless_file_is_not_read_to_its_end() {
    let error = read_up_to(Path::new("/dev/zero"), 1000).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
}

#[test]
fn process_knows_its_own_places() {
    let places = Places::of_process();
    assert_eq!(places.user, User::of_process());
    assert_eq!(places.environment, Environment::of_process(places.user.as_ref()));
}
