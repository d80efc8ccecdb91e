//! `gssctl klist`: what a credential cache or keytab holds.

use crate::inspect::tree::Printable;
use crate::kerberos::Local;
use crate::source;
use anyhow::{Context, Result};
use core::fmt::Write as _;
use gss_core::Timestamp;
use krb5_asn1::TicketFlags;
use krb5_crypto::EncType;
use krb5_files::{Ccache, Credential, Keytab};
use krb5_net::cache::{Cache, CacheName};
use krb5_net::places;
use std::path::Path;

/// Lists a credential cache or a keytab. Times are UTC.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The cache, like DIR:/path or KCM:, or a file: which of the two it is, it says itself. Default: KRB5CCNAME, or with
    /// -k KRB5_KTNAME; then the usual places
    name: Option<String>,
    /// List the keytab
    #[arg(short, long)]
    keytab: bool,
    /// List all caches of the folder or daemon
    #[arg(short = 'A', long, conflicts_with = "keytab")]
    collection: bool,
    /// Show settings and removed entries of a credential cache too
    #[arg(short, long)]
    all: bool,
}

/// Prints the list.
///
/// # Errors
/// The file cannot be read, or is neither.
pub fn run(arguments: &Arguments) -> Result<()> {
    let local = Local::open(false)?;
    if arguments.keytab {
        let path = match &arguments.name {
            Some(name) => places::keytab_path(name)?,
            None => local.places().keytab(local.config())?,
        };
        return keytab(&path);
    }
    let collection = local.collection(arguments.name.as_deref())?;
    if let (CacheName::File(path), Some(_)) = (collection.name(), &arguments.name)
        && let Ok(bytes) = source::read(path, "file")
        && Keytab::parse(&bytes).is_ok()
    {
        return keytab(path);
    }
    if !arguments.collection {
        return cache(&collection.primary()?, arguments.all);
    }
    for (index, found) in collection.caches()?.iter().enumerate() {
        if index > 0 {
            println!();
        }
        cache(found, arguments.all)?;
    }
    Ok(())
}

fn keytab(path: &Path) -> Result<()> {
    let bytes = source::read(path, "keytab")?;
    let listing = match (Keytab::parse(&bytes), Ccache::parse(&bytes)) {
        (Ok(keytab), _) => list_keytab(&keytab),
        (Err(error), Ok(_)) => {
            let path = path.display();
            return Err(error)
                .with_context(|| format!("{path} is a credential cache, not a keytab; leave out -k"));
        }
        (Err(error), Err(_)) => {
            return Err(error).with_context(|| format!("{} is no keytab", path.display()));
        }
    };
    println!("Keytab: {}", path.display());
    print!("{listing}");
    Ok(())
}

fn cache(cache: &Cache, all: bool) -> Result<()> {
    let held = cache.load()?;
    println!("Cache: {}", cache.name());
    print!("{}", list_ccache(&held, Timestamp::now(), all));
    Ok(())
}

/// The keys of a keytab, a line each.
pub fn list_keytab(keytab: &Keytab) -> String {
    let mut rows = vec![["KVNO", "Principal", "Enctype", "Written"].map(String::from)];
    for entry in &keytab.entries {
        rows.push([
            entry.kvno.to_string(),
            entry.principal.to_string(),
            enctype(entry.key.keytype()),
            time(entry.timestamp),
        ]);
    }
    table(&rows)
}

/// The tickets of a credential cache, a line each; of settings and removed entries with `all`.
pub fn list_ccache(ccache: &Ccache, now: Timestamp, all: bool) -> String {
    let mut out = format!("Default principal: {}\n", Printable(&ccache.default_principal.to_string()));
    if let Some(offset) = ccache.kdc_offset()
        && offset.seconds != 0
    {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "The KDC's clock is {} seconds ahead.", offset.seconds);
    }
    let mut rows =
        vec![["Starts", "Ends", "Service", "Enctypes (session, ticket)", "Flags"].map(String::from)];
    for credential in ccache.entries.iter().filter(|entry| !entry.is_config()) {
        if all || !credential.is_removed() {
            rows.push(ticket(credential, &ccache.default_principal, now));
        }
    }
    if rows.len() == 1 {
        out.push_str("No tickets. Get one with `gssctl kinit`, then `gssctl kvno SERVICE/HOST`.\n");
    } else {
        out.push_str(&table(&rows));
    }
    if all {
        for setting in ccache.config() {
            let about = setting.principal.map(|principal| format!(" of {principal}")).unwrap_or_default();
            let value = setting.value.escape_ascii();
            let _ = writeln!(out, "Setting {}{about} = {value}", Printable(&setting.key.to_string()));
        }
    }
    out
}

fn ticket(credential: &Credential, client: &krb5_asn1::Principal, now: Timestamp) -> [String; 5] {
    let times = credential.times;
    let mut ends = time(times.endtime);
    if credential.is_removed() {
        ends.push_str(" (removed)");
    } else if i64::from(times.endtime) <= now.seconds() {
        ends.push_str(" (expired)");
    } else if i64::from(times.starttime) > now.seconds() {
        ends.push_str(" (not yet valid)");
    }
    if credential.flags.contains(TicketFlags::RENEWABLE) && times.renew_till != 0 {
        ends = format!("{ends}, renewable until {}", time(times.renew_till));
    }
    let ticket_enctype = match credential.decode_ticket() {
        Ok(ticket) => enctype(ticket.enc_part.etype),
        Err(_) => "not a ticket".into(),
    };
    let mut service = credential.server.to_string();
    if credential.client != *client {
        service = format!("{service} for {}", credential.client);
    }
    let flags: Vec<_> = credential.flags.names().map(|name| name.to_lowercase().replace('_', "-")).collect();
    [
        time(if times.starttime == 0 { times.authtime } else { times.starttime }),
        ends,
        service,
        format!("{}, {ticket_enctype}", enctype(credential.key.keytype())),
        flags.join(" "),
    ]
}

/// The name of an enctype, and the one that MIT krb5 uses where it has its own.
fn enctype(number: i32) -> String {
    match EncType(number) {
        EncType::RC4_HMAC => format!("{} (arcfour-hmac)", EncType::RC4_HMAC),
        enctype => enctype.to_string(),
    }
}

fn time(seconds: u32) -> String {
    if seconds == 0 { "-".into() } else { Timestamp::from_seconds(seconds.into()).to_string() }
}

/// Rows with their columns aligned, the first row being the heading.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let shown: Vec<[String; N]> =
        rows.iter().map(|row| row.each_ref().map(|cell| Printable(cell).to_string())).collect();
    let width = |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = core::array::from_fn(width);
    let mut out = String::new();
    for row in &shown {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use krb5_asn1::{EncryptionKeyBuf, Principal};
    use krb5_files::{KeytabEntry, Times};
    use test_support::ticket::{NOW, TicketMaker, key};

    #[test]
    fn keys_are_lined_up() {
        let entry = |name: &str, kvno| {
            KeytabEntry::new(
                Principal::new_service(name, "host", "TEST"),
                kvno,
                EncryptionKeyBuf::new(18, [7; 32]),
            )
        };
        let text = list_keytab(&Keytab::from_entries([entry("HTTP", 3), entry("host", 12)]));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "KVNO  Principal       Enctype                  Written");
        assert_eq!(lines[1], "3     HTTP/host@TEST  aes256-cts-hmac-sha1-96  -");
        assert_eq!(lines.len(), 3);
        assert!(!text.contains("0707"), "no key shows: {text}");
    }

    #[test]
    fn expired_tickets_are_marked() {
        let mut ccache = Ccache::new(Principal::new("alice", "TEST"));
        ccache.set_config("fast_avail", None, *b"yes");
        ccache.entries.push(credential(NOW - 1, TicketFlags::FORWARDABLE));
        ccache.entries.push(credential(NOW + 1, TicketFlags::NONE));
        let text = list_ccache(&ccache, Timestamp::from_seconds(NOW), false);
        assert!(text.starts_with("Default principal: alice@TEST\n"), "{text}");
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[2].contains("2023-11-14T22:13:19Z (expired)") && lines[2].contains("forwardable"),
            "{text}"
        );
        assert!(!lines[3].contains("expired"), "{text}");
        assert!(
            lines[3].contains("HTTP/host@TEST") && lines[3].contains("aes256-cts-hmac-sha1-96"),
            "{text}"
        );
        assert!(!text.contains("fast_avail"), "{text}");
        assert!(
            list_ccache(&ccache, Timestamp::from_seconds(NOW), true).contains("Setting fast_avail = yes")
        );
    }

    #[test]
    fn an_empty_cache_says_what_to_do() {
        let ccache = Ccache::new(Principal::new("alice", "TEST"));
        assert!(list_ccache(&ccache, Timestamp::from_seconds(NOW), false).contains("kinit"));
    }

    fn credential(end: i64, flags: TicketFlags) -> Credential {
        let maker = TicketMaker::new("alice@TEST", "HTTP/host@TEST", key(EncType(18), 1));
        Credential {
            client: maker.client.clone(),
            server: maker.service.clone(),
            key: EncryptionKeyBuf::new(18, maker.session_key.secret_bytes()),
            times: Times { authtime: 1, starttime: 0, endtime: end.try_into().unwrap(), renew_till: 0 },
            skey_mark: 0,
            flags,
            addresses: vec![],
            authdata: vec![],
            ticket: maker.ticket(),
            second_ticket: vec![],
        }
    }
}
