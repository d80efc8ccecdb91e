//! Kerberos messages of the AP exchange, KRB-ERROR, KRB-CRED and their kin.

use super::tree::{Hex, Node};
use super::{Inspector, encrypted_closed, open, per_message, unreadable};
use core::fmt::Display;
use krb5_asn1::{
    ApOptions, ApRep, ApReq, Authenticator, Decode, DecodeError, EncTicketPart, EncryptedData,
    KerberosString, KerberosTime, KrbCred, KrbError, KrbPriv, KrbSafe, Microseconds, PrincipalName, Raw,
    Ticket,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::KeytabEntry;
use zeroize::Zeroizing;

impl Inspector {
    /// What lies in the framing of a Kerberos token: a token id of two bytes and a message (RFC 4121 section 4.1).
    pub(super) fn krb5_inner(&self, bytes: &[u8], nesting: usize) -> Node {
        match bytes {
            [1..=4, 0, rest @ ..] | [4 | 5, 1, rest @ ..] => self
                .token(rest, nesting.saturating_add(1))
                .labelled(&format!("token id {}", Hex(&bytes[..2]))),
            [1, 1, ..] | [2, 1, ..] | [1, 2, ..] => per_message::rfc1964(bytes),
            _ => self.token(bytes, nesting.saturating_add(1)),
        }
    }

    /// A message with an APPLICATION tag.
    pub(super) fn krb5_message(&self, bytes: &[u8], nesting: usize) -> Node {
        let tag = bytes.first().copied().unwrap_or_default() & 0x1f;
        match tag {
            1 => show("Ticket", bytes, |ticket: Ticket<'_>| self.ticket("Ticket", &ticket).0),
            14 => show("AP-REQ", bytes, |message: ApReq<'_>| {
                self.ap_req(&message, KeyUsage::AP_REQ_AUTHENTICATOR, nesting)
            }),
            15 => show("AP-REP", bytes, |message: ApRep<'_>| {
                Node::new("AP-REP").with(encrypted_closed("enc-part", &message.enc_part))
            }),
            20 => show("KRB-SAFE", bytes, krb_safe),
            21 => show("KRB-PRIV", bytes, |message: KrbPriv<'_>| {
                Node::new("KRB-PRIV").with(encrypted_closed("enc-part", &message.enc_part))
            }),
            22 => show("KRB-CRED", bytes, |message: KrbCred<'_>| self.krb_cred(&message, &[])),
            30 => show("KRB-ERROR", bytes, |message: KrbError<'_>| self.krb_error(&message, nesting)),
            10..=13 => self.kdc_message(tag, bytes, nesting),
            _ => self.opened_message(tag, bytes, nesting),
        }
    }

    /// An AP-REQ; its authenticator has another usage in a TGS-REQ.
    pub(super) fn ap_req(&self, message: &ApReq<'_>, usage: KeyUsage, nesting: usize) -> Node {
        let options = message.ap_options;
        let mut node = Node::new("AP-REQ").with_field("ap-options", flags(options.0, options.names()));
        if options.contains(ApOptions::USE_SESSION_KEY) {
            node.push(Node::new("user-to-user: the ticket is encrypted in the session key of a TGT"));
        }
        let (ticket, session_key) = self.ticket("ticket", message.ticket.value());
        node.push(ticket);
        node.with(self.encrypted("authenticator", &message.authenticator, usage, &session_key, |plaintext| {
            let keys: Vec<&Key> = session_key.iter().collect();
            match Authenticator::from_der(plaintext) {
                Ok(authenticator) => self.authenticator(&authenticator, &keys, nesting),
                Err(error) => unreadable("Authenticator", error, plaintext),
            }
        }))
    }

    /// A ticket, and the session key in it when the keytab opens it.
    pub(super) fn ticket(&self, name: &str, ticket: &Ticket<'_>) -> (Node, Option<Key>) {
        let service = ticket.sname.in_realm(ticket.realm);
        let node = Node::field(name, service).with_field("name type", ticket.sname.name_type);
        let closed = encrypted_closed("enc-part", &ticket.enc_part);
        let Some(keytab) = &self.keytab else {
            return (node.with(closed.with(Node::new("not opened: no --keytab given"))), None);
        };
        let Some((entry, plaintext)) = keytab
            .entries
            .iter()
            .find_map(|entry| Some((entry, open_with(entry, &ticket.enc_part, KeyUsage::TICKET)?)))
        else {
            let reason = no_key(&keytab.entries, &ticket.enc_part);
            return (node.with(closed.with(Node::field("not opened", reason))), None);
        };
        let opened =
            Node::new(format_args!("opened with the key of {}, kvno {}", entry.principal, entry.kvno));
        match EncTicketPart::from_der(&plaintext) {
            Ok(part) => {
                let key = Key::new(EncType(part.key.keytype), part.key.keyvalue.as_bytes()).ok();
                let opener = Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()).ok();
                (node.with(closed.with(self.enc_ticket_part(opened, &part, opener.as_ref()))), key)
            }
            Err(error) => (node.with(closed.with(unreadable("EncTicketPart", error, &plaintext))), None),
        }
    }

    /// A KRB-CRED, and what is in it when one of the keys opens it.
    pub(super) fn krb_cred(&self, message: &KrbCred<'_>, keys: &[&Key]) -> Node {
        let mut node = Node::new("KRB-CRED");
        for ticket in message.tickets {
            node.push(self.ticket("ticket", ticket.value()).0);
        }
        // Enctype 0 means in clear: RFC 4120 section 3.6.1 allows it under an encrypted channel.
        if message.enc_part.etype == 0 {
            return node.with(self.enc_krb_cred_part(message.enc_part.cipher.as_bytes()));
        }
        node.with(self.encrypted(
            "enc-part",
            &message.enc_part,
            KeyUsage::KRB_CRED,
            keys.iter().copied(),
            |plaintext| self.enc_krb_cred_part(plaintext),
        ))
    }

    fn krb_error(&self, message: &KrbError<'_>, nesting: usize) -> Node {
        let code = message.error_code;
        let mut node = Node::field("KRB-ERROR", code)
            .with_optional("advice", code.advice())
            .with_optional("client's time", message.ctime.map(|time| instant(time, message.cusec)))
            .with_field("server's time", instant(message.stime, Some(message.susec)))
            .with_optional(
                "client",
                message.cname.zip(message.crealm).map(|(name, realm)| name.in_realm(realm)),
            )
            .with_field("service", message.sname.in_realm(message.realm))
            .with_optional("text", message.e_text);
        if let Some(data) = message.e_data {
            node.push(self.error_data(data, nesting));
        }
        node
    }
}

fn krb_safe(message: KrbSafe<'_>) -> Node {
    let body = message.safe_body.value();
    Node::new("KRB-SAFE")
        .with_field("data", Hex(body.user_data.as_bytes()))
        .with_optional("time", body.timestamp.map(|time| instant(time, body.usec)))
        .with_optional("sequence number", body.seq_number.map(|number| number.0))
        .with(super::checksum::plain("checksum", &message.cksum))
}

/// Decodes and shows, or says why not.
pub(super) fn show<'b, T>(name: &str, bytes: &'b [u8], show: impl FnOnce(T) -> Node) -> Node
where
    T: Decode<'b, Error = DecodeError>,
{
    match T::from_der(bytes) {
        Ok(message) => show(message),
        Err(error) => unreadable(name, error, bytes),
    }
}

pub(super) fn open_with(
    entry: &KeytabEntry,
    data: &EncryptedData<'_>,
    usage: KeyUsage,
) -> Option<Zeroizing<Vec<u8>>> {
    let key = Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()).ok()?;
    open(data, usage, [&key])
}

fn no_key(entries: &[KeytabEntry], wanted: &EncryptedData<'_>) -> String {
    let of_enctype = entries.iter().filter(|entry| entry.key.keytype() == wanted.etype);
    let fitting: Vec<_> =
        of_enctype.map(|entry| format!("{} kvno {}", entry.principal, entry.kvno)).collect();
    let enctype = EncType(wanted.etype);
    if fitting.is_empty() {
        return format!("the keytab has no key of enctype {enctype}");
    }
    format!("none of the keytab's {enctype} keys fits ({})", super::tree::List(&fitting))
}

/// Flags by name and number.
pub(super) fn flags(bits: u32, names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<_> = names.map(|name| name.to_ascii_lowercase().replace('_', "-")).collect();
    format!("{} ({bits:#010x})", super::tree::List(&names))
}

/// A time with its microseconds.
pub(super) fn instant(time: KerberosTime, micros: Option<Microseconds>) -> impl Display {
    let seconds = time.unix_seconds();
    let micros = micros.map_or(0, Microseconds::get);
    gss_core::Timestamp::new(seconds, micros).unwrap_or(gss_core::Timestamp::from_seconds(seconds))
}

/// A name in a realm, both optional.
pub(super) fn principal(
    name: Option<PrincipalName<'_>>,
    realm: Option<KerberosString<'_>>,
) -> Option<String> {
    match (name, realm) {
        (Some(name), Some(realm)) => Some(name.in_realm(realm).to_string()),
        (Some(name), None) => Some(name.to_string()),
        (None, Some(realm)) => Some(format!("@{realm}")),
        (None, None) => None,
    }
}

/// Tickets in a list.
pub(super) fn tickets<'a>(
    inspector: &Inspector,
    name: &str,
    tickets: impl IntoIterator<Item = Raw<'a, Ticket<'a>>>,
) -> Vec<Node> {
    tickets.into_iter().map(|ticket| inspector.ticket(name, ticket.value()).0).collect()
}
