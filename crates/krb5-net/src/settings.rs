//! What krb5.conf says about exchanges, in the terms of `krb5-client`.

use krb5_client::{Policy, RealmPath, TgsOptions};
use krb5_files::config::{Config, ValueError};

/// The policy: enctypes of `default_tkt_enctypes`, `clockskew` and `kdc_timesync`.
///
/// # Errors
/// The list of enctypes leaves none.
pub fn policy(config: &Config) -> Result<Policy, ValueError> {
    let defaults = config.libdefaults();
    let skew = u32::try_from(defaults.clockskew().value);
    let standard = Policy::default();
    Ok(Policy {
        enctypes: defaults.default_tkt_enctypes()?.value,
        skew: skew.unwrap_or(standard.skew),
        follow_kdc_clock: defaults.kdc_timesync().value,
        ..standard
    })
}

/// What to ask for in a TGS exchange from a client's realm to a server's: enctypes of `default_tgs_enctypes`, and the way
/// that `[capaths]` states.
///
/// # Errors
/// The list of enctypes leaves none.
pub fn tgs_options(
    config: &Config,
    client_realm: &str,
    server_realm: &str,
) -> Result<TgsOptions, ValueError> {
    let path = config.capath(client_realm, server_realm).map_or(RealmPath::Hierarchical, |between| {
        RealmPath::Through(between.into_iter().map(|found| found.value.to_owned()).collect())
    });
    let enctypes = Some(config.libdefaults().default_tgs_enctypes()?.value);
    Ok(TgsOptions { path, enctypes, ..TgsOptions::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use krb5_crypto::EncType;
    use krb5_files::config::ConfigFile;

    fn config(text: &str) -> Config {
        Config::from_files([ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap()])
    }

    #[test]
    fn libdefaults_make_the_policy() {
        let policy = policy(&config(
            "[libdefaults]\nclockskew = 60\nkdc_timesync = 0\ndefault_tkt_enctypes = aes128-cts\n",
        ))
        .unwrap();
        assert_eq!((policy.skew, policy.follow_kdc_clock), (60, false));
        assert_eq!(policy.enctypes, [EncType::AES128_CTS_HMAC_SHA1_96]);
        let none = super::policy(&config("[libdefaults]\ndefault_tkt_enctypes = des\n"));
        assert!(none.is_err(), "{none:?}");
    }

    #[test]
    fn capaths_make_the_way() {
        let config = config("[capaths]\nA = {\n  C = B\n  D = .\n}\n");
        let path = |server| tgs_options(&config, "A", server).unwrap().path;
        assert_eq!(path("C"), RealmPath::Through(vec!["B".into()]));
        assert_eq!(path("D"), RealmPath::Through(Vec::new()));
        assert_eq!(path("E"), RealmPath::Hierarchical);
    }

    #[test]
    fn enctypes_of_services_are_a_list_of_their_own() {
        let config = config("[libdefaults]\ndefault_tgs_enctypes = aes128-sha2\n");
        let options = tgs_options(&config, "A", "A").unwrap();
        assert_eq!(options.enctypes, Some(vec![EncType::AES128_CTS_HMAC_SHA256_128]));
    }
}
