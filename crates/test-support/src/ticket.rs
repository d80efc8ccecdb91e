//! Tickets without a KDC.
//!
//! [`TicketMaker`] starts as a ticket that every acceptor should take; a test changes the one field it is about.

#[cfg(feature = "files")]
use krb5_asn1::EncryptionKeyBuf;
use krb5_asn1::{
    AddressType, AuthDataElement, AuthDataType, EncTicketPart, Encode, EncryptedData, EncryptionKey,
    HostAddress, KerberosTime, Octets, Principal, SeqOf, Ticket, TicketFlags, TransitedEncoding,
    TransitedType, UInt32,
};
use krb5_crypto::{EncType, Key, KeyUsage};

use crate::TestRng;

/// When tickets are made and used, unless a test says otherwise: 2023-11-14T22:13:20Z.
pub const NOW: i64 = 1_700_000_000;

/// Everything a KDC puts into a service ticket. Times are seconds since 1970.
#[derive(Debug)]
pub struct TicketMaker {
    /// Who the ticket is issued to.
    pub client: Principal,
    /// The service named in clear; its realm is the ticket's.
    pub service: Principal,
    /// The key that the ticket is encrypted in.
    pub service_key: Key,
    /// The version of that key, as the ticket states it.
    pub kvno: Option<u32>,
    /// The key for client and service.
    pub session_key: Key,
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// When the client authenticated.
    pub auth_time: i64,
    /// From when on the ticket holds.
    pub start_time: Option<i64>,
    /// Until when it holds.
    pub end_time: i64,
    /// Until when it may be renewed.
    pub renew_till: Option<i64>,
    /// How the transited realms are written.
    pub transited_type: TransitedType,
    /// The transited realms.
    pub transited: Vec<u8>,
    /// Addresses that the ticket may be used from; the field is left out when there are none.
    pub addresses: Vec<(AddressType, Vec<u8>)>,
    /// Authorization data; the field is left out when there is none.
    pub authorization_data: Vec<(AuthDataType, Vec<u8>)>,
    /// Seed of the ticket's confounder.
    pub seed: u64,
}

impl TicketMaker {
    /// A ticket of alice@EXAMPLE.COM for HTTP/www.example.com@EXAMPLE.COM, whose key has AES-256.
    pub fn example() -> Self {
        let service_key = key(EncType::AES256_CTS_HMAC_SHA1_96, 2);
        Self::new("alice@EXAMPLE.COM", "HTTP/www.example.com@EXAMPLE.COM", service_key)
    }

    /// A ticket from an hour before to nine hours after [`NOW`], with an AES-256 session key, initial and
    /// pre-authenticated, for a service key of version 2.
    ///
    /// # Panics
    /// When a name is not `name@REALM`.
    pub fn new(client: &str, service: &str, service_key: Key) -> Self {
        let parse =
            |name: &str| Principal::parse(name, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            client: parse(client),
            service: parse(service),
            service_key,
            kvno: Some(2),
            session_key: key(EncType::AES256_CTS_HMAC_SHA1_96, 1),
            flags: TicketFlags::INITIAL | TicketFlags::PRE_AUTHENT,
            auth_time: NOW - 3600,
            start_time: Some(NOW - 3600),
            end_time: NOW + 9 * 3600,
            renew_till: None,
            transited_type: TransitedType::DOMAIN_X500_COMPRESS,
            transited: Vec::new(),
            addresses: Vec::new(),
            authorization_data: Vec::new(),
            seed: 0,
        }
    }

    /// DER of the `Ticket`.
    ///
    /// # Panics
    /// When a time lies outside the years that Kerberos can write.
    pub fn ticket(&self) -> Vec<u8> {
        let cipher = self.service_key.cipher(KeyUsage::TICKET);
        let sealed = seal(&cipher, &self.encrypted_part(), self.seed);
        let ticket = Ticket {
            realm: self.service.realm(),
            sname: self.service.name(),
            enc_part: EncryptedData {
                etype: self.service_key.enctype().0,
                kvno: self.kvno.map(UInt32),
                cipher: Octets::new(&sealed),
            },
        };
        ticket.to_der().expect("a ticket of moderate size encodes")
    }

    /// DER of the `EncTicketPart`, before encryption.
    ///
    /// # Panics
    /// As [`ticket`](Self::ticket).
    pub fn encrypted_part(&self) -> Vec<u8> {
        let addresses: Vec<_> = self
            .addresses
            .iter()
            .map(|(addr_type, address)| HostAddress { addr_type: *addr_type, address: Octets::new(address) })
            .collect();
        let elements: Vec<_> = self
            .authorization_data
            .iter()
            .map(|(ad_type, data)| AuthDataElement { ad_type: *ad_type, ad_data: Octets::new(data) })
            .collect();
        let part = EncTicketPart {
            flags: self.flags,
            key: EncryptionKey {
                keytype: self.session_key.enctype().0,
                keyvalue: Octets::new(self.session_key.secret_bytes()),
            },
            crealm: self.client.realm(),
            cname: self.client.name(),
            transited: TransitedEncoding {
                tr_type: self.transited_type,
                contents: Octets::new(&self.transited),
            },
            authtime: time(self.auth_time),
            starttime: self.start_time.map(time),
            endtime: time(self.end_time),
            renew_till: self.renew_till.map(time),
            caddr: (!addresses.is_empty()).then(|| SeqOf::new(&addresses)),
            authorization_data: (!elements.is_empty()).then(|| SeqOf::new(&elements)),
        };
        part.to_der().expect("a ticket of moderate size encodes")
    }

    /// The ticket as a client keeps it.
    ///
    /// # Panics
    /// As [`ticket`](Self::ticket), and for times that a credential cache cannot hold.
    #[cfg(feature = "files")]
    pub fn credential(&self) -> krb5_files::Credential {
        let seconds = |time: i64| u32::try_from(time).expect("a time from 1970 to 2106");
        krb5_files::Credential {
            client: self.client.clone(),
            server: self.service.clone(),
            key: EncryptionKeyBuf::new(self.session_key.enctype().0, self.session_key.secret_bytes()),
            times: krb5_files::Times {
                authtime: seconds(self.auth_time),
                starttime: self.start_time.map_or(0, seconds),
                endtime: seconds(self.end_time),
                renew_till: self.renew_till.map_or(0, seconds),
            },
            skey_mark: 0,
            flags: self.flags,
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket: self.ticket(),
            second_ticket: Vec::new(),
        }
    }

    /// A credential cache with this ticket.
    ///
    /// # Panics
    /// As [`credential`](Self::credential).
    #[cfg(feature = "files")]
    pub fn ccache(&self) -> Vec<u8> {
        let mut ccache = krb5_files::Ccache::new(self.client.clone());
        ccache.entries.push(self.credential());
        ccache.to_bytes().expect("values of moderate size").to_vec()
    }

    /// A keytab with the service's key.
    ///
    /// # Panics
    /// Never: the values are of moderate size.
    #[cfg(feature = "files")]
    pub fn keytab(&self) -> Vec<u8> {
        let key = EncryptionKeyBuf::new(self.service_key.enctype().0, self.service_key.secret_bytes());
        let entry = krb5_files::KeytabEntry::new(self.service.clone(), self.kvno.unwrap_or(1), key);
        krb5_files::Keytab::from_entries([entry]).to_bytes().expect("values of moderate size").to_vec()
    }
}

/// A key of this enctype that everybody who knows `seed` can compute. **Not secure.**
///
/// # Panics
/// When the build lacks the enctype.
pub fn key(enctype: EncType, seed: u64) -> Key {
    Key::generate(enctype, &mut TestRng::insecure(seed)).expect("an enctype of this build")
}

/// Encrypts `plaintext` with a confounder from `seed`, as the cipher part of an `EncryptedData`.
///
/// # Panics
/// Never: the buffer has the length that the cipher asks for.
pub fn seal(cipher: &krb5_crypto::CipherKey, plaintext: &[u8], seed: u64) -> Vec<u8> {
    let mut buffer = vec![0; cipher.header_len()];
    buffer.extend_from_slice(plaintext);
    buffer.resize(plaintext.len() + cipher.overhead(), 0);
    cipher
        .encrypt_in_place(&mut buffer, &mut TestRng::insecure(seed))
        .expect("the buffer has room for header and trailer");
    buffer
}

fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(seconds).expect("a time of the years 0 to 9999")
}

#[cfg(test)]
mod tests {
    use super::*;
    use krb5_asn1::Decode;

    #[test]
    fn the_service_can_open_its_ticket() {
        let service_key = key(EncType::AES128_CTS_HMAC_SHA256_128, 7);
        let maker = TicketMaker::new("alice@TEST", "HTTP/host@TEST", service_key);
        let der = maker.ticket();
        let ticket = Ticket::from_der(&der).unwrap();
        assert!(ticket.sname.is(&["HTTP", "host"]));
        let mut cipher = ticket.enc_part.cipher.as_bytes().to_vec();
        let opened = maker.service_key.cipher(KeyUsage::TICKET).decrypt_in_place(&mut cipher).unwrap();
        assert_eq!(opened, maker.encrypted_part());
        let part = EncTicketPart::from_der(opened).unwrap();
        assert!(part.cname.is(&["alice"]));
        assert_eq!(part.key.keyvalue.as_bytes(), maker.session_key.secret_bytes());
        assert!(part.authorization_data.is_none());
    }

    #[test]
    fn fields_reach_the_ticket() {
        let mut maker = TicketMaker::new("alice@A", "HTTP/host@C", key(EncType::AES256_CTS_HMAC_SHA1_96, 7));
        maker.transited = b"B".to_vec();
        maker.authorization_data = vec![(AuthDataType::WIN2K_PAC, vec![1, 2, 3])];
        maker.addresses = vec![(AddressType::IPV4, vec![127, 0, 0, 1])];
        maker.end_time = NOW - 1;
        let der = maker.encrypted_part();
        let part = EncTicketPart::from_der(&der).unwrap();
        assert_eq!(part.transited.contents.as_bytes(), b"B");
        assert_eq!(part.endtime.unix_seconds(), NOW - 1);
        assert_eq!(part.authorization_data.unwrap().first().unwrap().ad_data.as_bytes(), [1, 2, 3]);
        assert_eq!(part.caddr.unwrap().len(), 1);
    }
}
