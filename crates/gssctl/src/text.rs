//! What people type and read: lifetimes, enctypes, times.

use gss_core::Timestamp;
use krb5_client::Credential;
use krb5_crypto::EncType;
use krb5_files::config;

/// Seconds from text like `10h`, `7d`, `1d12h`, `3600` or `10:30:00`, as krb5.conf writes them.
pub(crate) fn parse_duration(text: &str) -> Result<u32, String> {
    config::value::duration(text)
        .filter(|duration| duration.rest.is_empty())
        .map(|duration| duration.seconds)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .filter(|&seconds| seconds > 0)
        .ok_or_else(|| {
            format!("{text:?} is no length of time, expected one like 30m, 10h, 7d or 3600 (seconds)")
        })
}

/// Bytes from text like `4096`, `64K`, `100M` or `2G`, in powers of 1024.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let units = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)];
    let unit = units.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let size = number.parse::<u64>().ok().filter(|_| digits).and_then(|number| number.checked_mul(bytes));
    size.ok_or_else(|| format!("{text:?} is no number of bytes, expected one like 4096, 64K, 100M or 2G"))
}

/// An enctype by its name or number.
pub(crate) fn parse_enctype(text: &str) -> Result<EncType, String> {
    let number = text.parse().ok().map(EncType);
    let enctype = number.or_else(|| match &*config::enctypes(text, &[], true).0 {
        [one] => Some(*one),
        _ => EncType::from_name(text),
    });
    let known = "expected one like aes256-cts-hmac-sha1-96, aes128-sha2 or 18";
    match enctype {
        None => Err(format!("{text:?} is no enctype, {known}")),
        Some(enctype) if !enctype.is_supported() => Err(format!("{enctype} is not supported, {known}")),
        Some(enctype) => Ok(enctype),
    }
}

/// The realm at the end of a principal's text.
pub(crate) fn realm_of(principal: &str) -> Option<&str> {
    principal.rsplit_once('@').map(|(_, realm)| realm).filter(|realm| !realm.is_empty())
}

/// A ticket in one line.
pub(crate) fn describe(credential: &Credential, now: Timestamp) -> String {
    let left = credential.times.end.seconds().saturating_sub(now.seconds());
    let mut line = format!(
        "ticket of {} for {}, {}, for {}",
        credential.client,
        credential.server,
        credential.session_key.enctype(),
        length(left)
    );
    if let Some(till) = credential.times.renew_till {
        let left = till.seconds().saturating_sub(now.seconds());
        line.push_str(&format!(", renewable for {}", length(left)));
    }
    line
}

/// Says when a password is about to expire.
pub(crate) fn warn_of_expiry(expires: Timestamp, now: Timestamp) {
    const WEEK: i64 = 7 * 24 * 60 * 60;
    let left = expires.seconds().saturating_sub(now.seconds());
    if left < WEEK {
        eprintln!("gssctl: the password expires in {}; gssctl kpasswd changes it", length(left));
    }
}

/// Seconds as people say them: the two largest units.
pub(crate) fn length(seconds: i64) -> String {
    if seconds <= 0 {
        return "no time at all".into();
    }
    let units = [
        ("d", seconds / 86_400),
        ("h", seconds / 3600 % 24),
        ("min", seconds / 60 % 60),
        ("s", seconds % 60),
    ];
    let first = units.iter().position(|(_, count)| *count > 0).unwrap_or_default();
    let shown = units.iter().skip(first).take(2).filter(|(_, count)| *count > 0);
    shown.map(|(unit, count)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for (text, seconds) in [("3600", 3600), ("10h", 36_000), ("1d12h", 129_600), ("30m", 1800)] {
            assert_eq!(parse_duration(text), Ok(seconds), "{text}");
        }
        for text in ["", "0", "-5", "soon", "99999999999d"] {
            assert!(parse_duration(text).unwrap_err().contains("expected one like"), "{text}");
        }
        for (seconds, text) in
            [(0, "no time at all"), (59, "59 s"), (3600, "1 h"), (86_399, "23 h 59 min"), (90_061, "1 d 1 h")]
        {
            assert_eq!(length(seconds), text);
        }
    }

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [("0", 0), ("4096", 4096), ("64K", 65_536), ("2G", 2 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "K", "-1", "+1", "1.5G", "1T", "99999999999999999999", "18446744073709551615G"] {
            assert!(parse_size(text).unwrap_err().contains("expected one like"), "{text}");
        }
    }

    #[test]
    fn enctypes_are_read_by_name_and_number() {
        assert_eq!(parse_enctype("18"), Ok(EncType::AES256_CTS_HMAC_SHA1_96));
        assert_eq!(parse_enctype("aes128-cts"), Ok(EncType::AES128_CTS_HMAC_SHA1_96));
        assert!(parse_enctype("rot13").unwrap_err().contains("no enctype"));
        assert!(parse_enctype("1").unwrap_err().contains("not supported"));
    }

    #[test]
    fn realms_stand_behind_the_last_at() {
        assert_eq!(realm_of("alice@EXAMPLE.COM"), Some("EXAMPLE.COM"));
        assert_eq!(realm_of("alice@example.com@REALM"), Some("REALM"));
        assert_eq!(realm_of("alice"), None);
        assert_eq!(realm_of("alice@"), None);
    }
}
