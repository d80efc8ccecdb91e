//! Oracle for `krb5.conf`.

use ::krb5_files::config::{
    Config, ConfigFile, Found, Libdefaults, Node, Section, Setting, Source, SourceError, hierarchical_path,
    limits,
};

use crate::input::{Input, check_error};

/// The names by which files can include each other. The last stand in directories.
const PATHS: [&str; 4] = ["1", "2", "d/a.conf", "d/e/b"];

/// Up to four files, the first of them read, or the first two as a list.
pub fn parse(input: &[u8]) {
    let mut input = Input::new(input);
    let list = input.byte() & 1 == 1;
    let mut files = Files(PATHS.map(|_| input.chunk()));
    let paths = if list { &PATHS[..2] } else { &PATHS[..1] };
    let config = match Config::read(paths.iter().copied(), &mut files) {
        Ok(config) => config,
        Err(error) => {
            assert!(PATHS.contains(&error.file.replace("//", "/").as_str()), "{error}");
            return check_error(&error);
        }
    };
    for file in config.files() {
        written_and_read_again(file);
    }
    for warning in config.warnings() {
        assert!(!warning.to_string().is_empty());
    }
    lookups(&config, &mut Vec::new());
    libdefaults(config.libdefaults());
    realms(&config);
}

struct Files<'a>([&'a [u8]; 4]);

impl Source for Files<'_> {
    fn file(&mut self, path: &str) -> Result<Vec<u8>, SourceError> {
        match PATHS.iter().position(|known| *known == path.replace("//", "/")) {
            Some(number) => Ok(self.0[number].to_vec()),
            None if self.directory(path).is_ok() => Err(SourceError::IsDirectory),
            None => Err(SourceError::NotFound),
        }
    }

    fn directory(&mut self, path: &str) -> Result<Vec<String>, SourceError> {
        let names: &[&str] = match path.trim_end_matches('/') {
            "d" => &["a.conf", "e~", ".conf"],
            "d/e" => &["b"],
            _ => return Err(SourceError::NotFound),
        };
        Ok(names.iter().map(ToString::to_string).collect())
    }
}

/// What is written is read as the same, but for lines that grew beyond the limit by their quotes and indents.
fn written_and_read_again(file: &ConfigFile) {
    let text = file.to_string();
    if text.lines().any(|line| line.len() > limits::MAX_LINE) || text.len() > limits::MAX_SIZE {
        return;
    }
    let again = ConfigFile::parse("again", text.as_bytes()).expect("what was written can be read");
    assert_eq!(content(again.root()), content(file.root()), "{text}");
    assert_eq!(again.to_string(), text);
}

fn content(section: Section<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for node in section.nodes() {
        match node {
            Node::Relation { name, value } => {
                lines.push(format!("{name:?} {:?} {}", value.value, value.is_final))
            }
            Node::Section { name, section } => {
                lines.push(format!("{name:?} {{ {}", section.is_final()));
                lines.extend(content(section));
                lines.push("}".to_owned());
            }
        }
    }
    lines
}

/// Every name that is listed has a value, and the first one is the one that counts.
fn lookups<'a>(config: &'a Config, path: &mut Vec<&'a str>) {
    for name in config.relation_names(path) {
        path.push(name);
        let values = config.values(path);
        assert!(!values.is_empty());
        assert_eq!(config.value(path), values.first().copied());
        assert!(values.iter().all(|found| found.place.line > 0));
        path.pop();
    }
    for name in config.section_names(path) {
        path.push(name);
        lookups(config, path);
        path.pop();
    }
}

/// Every value is from a line or the default; whatever is refused says why.
fn libdefaults(defaults: Libdefaults<'_>) {
    let booleans = [
        defaults.allow_weak_crypto(),
        defaults.enforce_ok_as_delegate(),
        defaults.ignore_acceptor_hostname(),
        defaults.client_aware_channel_bindings(),
    ];
    booleans.into_iter().for_each(check);
    check(defaults.ticket_lifetime());
    check(defaults.renew_lifetime());
    check(defaults.permitted_enctypes());
    check(defaults.default_tkt_enctypes());
    check(defaults.default_tgs_enctypes());
    check(defaults.spake_preauth_groups());
    check(defaults.dns_canonicalize_hostname());
    check(defaults.udp_preference_limit());
    check(defaults.realm_try_domains());
    check(defaults.request_timeout().map(|timeout| timeout.unwrap_or(defaults.clockskew())));
    check(Ok(defaults.preferred_preauth_types()));
    check(Ok(defaults.kdc_timeout()));
    check(Ok(defaults.noaddresses()));
    check(Ok(defaults.dns_lookup_kdc()));
    if let Some(name) = defaults.default_ccache_name() {
        match name.value.expand(|token| Some(token.to_lowercase())) {
            Ok(expanded) => assert!(expanded.len() <= 4 * name.value.0.len()),
            Err(error) => check_error(&error),
        }
    }
}

fn check<T>(read: Result<Setting<'_, T>, ::krb5_files::config::ValueError>) {
    match read {
        Ok(setting) => {
            if let Some(ignored) = setting.ignored {
                assert!(!ignored.text.is_empty() || !ignored.to_string().is_empty());
            }
        }
        Err(error) => check_error(&error),
    }
}

fn realms(config: &Config) {
    let realms = config.realms();
    for name in &realms {
        let realm = config.realm(name);
        assert!(realm.is_configured());
        for servers in [realm.kdcs(), realm.primary_kdcs(), realm.admin_servers(), realm.kpasswd_servers()] {
            match servers {
                Ok(servers) => servers.into_iter().map(Ok).for_each(check),
                Err(error) => check_error(&error),
            }
        }
    }
    for client in config.section_names(&["capaths"]) {
        for server in config.relation_names(&["capaths", client]) {
            let path = config.realm_path(client, server);
            assert_eq!((path.first(), path.last()), (Some(&client), Some(&server)));
            let path = hierarchical_path(client, server);
            assert_eq!((path.first(), path.last()), (Some(&client), Some(&server)));
        }
    }
    let first = |names: Vec<&str>| names.first().map(ToString::to_string);
    if let Some(host) = first(config.relation_names(&["domain_realm"])) {
        let whole = |found: Found<'_>| found.value.to_owned();
        let found = config.host_realm(&host).map(|setting| setting.value.to_owned());
        let lower_case = !host.bytes().any(|byte| byte.is_ascii_uppercase());
        // A name itself is the first that is looked for, if it can be one of a host.
        if found.is_some() && lower_case && !host.ends_with('.') {
            assert_eq!(found, config.value(&["domain_realm", &host]).map(whole));
        }
    }
}
