//! Tickets and keys from vector files.

use krb5_asn1::{AuthDataType, AuthorizationData, Decode, EncTicketPart, Ticket};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_pac::without_pac;
use test_support::vectors::{self, Record};

/// A ticket of a vector file, decrypted.
pub(crate) struct Opened {
    pub(crate) name: String,
    /// DER of the encrypted part.
    pub(crate) part: Vec<u8>,
    pub(crate) pac: Vec<u8>,
    pub(crate) key: Key,
    pub(crate) kdc_key: Key,
    /// The signatures that the PAC has.
    pub(crate) signatures: String,
}

impl Opened {
    fn new(record: &Record) -> Self {
        let (ticket, key) = (record.hex("ticket"), key(record, "enctype", "key"));
        let mut cipher = Ticket::from_der(&ticket).unwrap().enc_part.cipher.as_bytes().to_vec();
        let part = key.cipher(KeyUsage::TICKET).decrypt_in_place(&mut cipher).unwrap().to_vec();
        Self {
            name: record.name().to_owned(),
            pac: pac_of(&EncTicketPart::from_der(&part).unwrap()),
            part,
            key,
            kdc_key: self::key(record, "kdc_enctype", "kdc_key"),
            signatures: record.text("signatures"),
        }
    }

    /// What the ticket signature covers.
    pub(crate) fn covered(&self) -> Vec<u8> {
        without_pac(&EncTicketPart::from_der(&self.part).unwrap()).unwrap().to_vec()
    }

    pub(crate) fn has(&self, signature: &str) -> bool {
        self.signatures.split(' ').any(|has| has == signature)
    }
}

fn pac_of(part: &EncTicketPart<'_>) -> Vec<u8> {
    for element in part.authorization_data.expect("the ticket has authorization data").iter() {
        if element.ad_type == AuthDataType::IF_RELEVANT {
            let inner = AuthorizationData::from_der(element.ad_data.as_bytes()).unwrap();
            if let Some(pac) = inner.iter().find(|inner| inner.ad_type == AuthDataType::WIN2K_PAC) {
                return pac.ad_data.as_bytes().to_vec();
            }
        }
    }
    panic!("the ticket has no PAC");
}

/// The key that a record has in one field, of the enctype that it has in another.
pub(crate) fn key(record: &Record, enctype: &str, key: &str) -> Key {
    Key::new(EncType(i32::try_from(record.int(enctype)).unwrap()), &record.hex(key)).unwrap()
}

/// The recorded tickets, each with its record. Those with RC4 are left to the builds that have it.
pub(crate) fn tickets() -> Vec<(Opened, vectors::VectorFile, usize)> {
    let mut tickets = Vec::new();
    for path in ["pac/samba-ad-tickets.txt", "pac/mit-kdc-ticket.txt", "pac/windows-2022-ticket.txt"] {
        let count = vectors::load(path).records().len();
        for index in 0..count {
            let file = vectors::load(path);
            let record = &file.records()[index];
            if EncType(i32::try_from(record.int("enctype")).unwrap()).is_supported() {
                tickets.push((Opened::new(record), file, index));
            }
        }
    }
    assert_eq!(tickets.len(), if EncType::RC4_HMAC.is_supported() { 6 } else { 5 });
    tickets
}

/// PACs of vector files that come without a ticket.
pub(crate) fn bare_pacs() -> Vec<(String, Vec<u8>)> {
    let mut pacs = Vec::new();
    for path in ["pac/mit-t-pac.txt", "pac/ms-pac-example.txt"] {
        for record in vectors::load(path).records_of("pac") {
            pacs.push((record.name().to_owned(), record.hex("pac")));
        }
    }
    pacs
}

/// All PACs of vector files.
pub(crate) fn all_pacs() -> Vec<(String, Vec<u8>)> {
    let mut pacs = bare_pacs();
    pacs.extend(tickets().into_iter().map(|(ticket, ..)| (ticket.name, ticket.pac)));
    pacs
}
