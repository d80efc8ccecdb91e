//! The encrypted parts of Kerberos messages, once they are open.

use super::krb5::{flags, instant, principal, show};
use super::tree::{Hex, List, Node};
use super::{Inspector, encrypted_closed, unreadable};
use krb5_asn1::{
    Authenticator, Decode, EncApRepPart, EncAsRepPart, EncKdcRepPart, EncKrbCredPart, EncKrbPrivPart,
    EncTicketPart, HostAddress, HostAddresses, KrbCredInfo,
};
use krb5_crypto::{EncType, Key};

impl Inspector {
    /// A message whose APPLICATION tag is that of an encrypted part: somebody opened it for us.
    pub(super) fn opened_message(&self, tag: u8, bytes: &[u8], nesting: usize) -> Node {
        match tag {
            2 => show("Authenticator", bytes, |part: Authenticator<'_>| {
                self.authenticator(&part, &[], nesting)
            }),
            3 => show("EncTicketPart", bytes, |part: EncTicketPart<'_>| {
                self.enc_ticket_part(Node::new("EncTicketPart"), &part, None)
            }),
            25 | 26 => {
                show("EncKDCRepPart", bytes, |part: EncAsRepPart<'_>| self.enc_kdc_rep_part(&part.0, nesting))
            }
            27 => show("EncAPRepPart", bytes, |part: EncApRepPart<'_>| self.enc_ap_rep_part(&part)),
            28 => show("EncKrbPrivPart", bytes, |part: EncKrbPrivPart<'_>| {
                Node::new("EncKrbPrivPart")
                    .with_field("data", Hex(part.user_data.as_bytes()))
                    .with_optional("time", part.timestamp.map(|time| instant(time, part.usec)))
                    .with_optional("sequence number", part.seq_number.map(|number| number.0))
            }),
            29 => self.enc_krb_cred_part(bytes),
            _ => Node::new(format_args!("message with tag [APPLICATION {tag}], not known here"))
                .with(super::der::dump(bytes)),
        }
    }

    /// `key` is the one that opened the ticket.
    pub(super) fn enc_ticket_part(&self, node: Node, part: &EncTicketPart<'_>, key: Option<&Key>) -> Node {
        let transited = part.transited.contents.as_bytes();
        let mut node = node
            .with_field("client", part.cname.in_realm(part.crealm))
            .with_field("flags", flags(part.flags.0, part.flags.names()))
            .with(self.key("session key", part.key))
            .with_field("authenticated at", instant(part.authtime, None))
            .with_optional("starts", part.starttime.map(|time| instant(time, None)))
            .with_field("ends", instant(part.endtime, None))
            .with_optional("renewable until", part.renew_till.map(|time| instant(time, None)));
        if !transited.is_empty() {
            let text = String::from_utf8_lossy(transited);
            node.push(Node::field("transited", format_args!("{text} ({})", part.transited.tr_type)));
        }
        if let Some(list) = part.caddr {
            node.push(addresses(list));
        }
        if let Some(data) = part.authorization_data {
            node.push(self.authorization_data(data, key, 0));
        }
        node
    }

    pub(super) fn authenticator(&self, part: &Authenticator<'_>, keys: &[&Key], nesting: usize) -> Node {
        let subkey = part.subkey.and_then(|key| Key::new(EncType(key.keytype), key.keyvalue.as_bytes()).ok());
        let mut node = Node::new("Authenticator")
            .with_field("client", part.cname.in_realm(part.crealm))
            .with_field("client's time", instant(part.ctime, Some(part.cusec)));
        if let Some(checksum) = part.cksum {
            let keys: Vec<&Key> = keys.iter().copied().chain(&subkey).collect();
            node.push(self.checksum("checksum", &checksum, &keys, nesting));
        }
        if let Some(key) = part.subkey {
            node.push(self.key("subkey", key));
        }
        node = node.with_optional("sequence number", part.seq_number.map(|number| number.0));
        if let Some(data) = part.authorization_data {
            node.push(self.authorization_data(data, None, 0));
        }
        node
    }

    fn enc_ap_rep_part(&self, part: &EncApRepPart<'_>) -> Node {
        let mut node =
            Node::new("EncAPRepPart").with_field("client's time", instant(part.ctime, Some(part.cusec)));
        if let Some(key) = part.subkey {
            node.push(self.key("subkey", key));
        }
        node.with_optional("sequence number", part.seq_number.map(|number| number.0))
    }

    pub(super) fn enc_kdc_rep_part(&self, part: &EncKdcRepPart<'_>, nesting: usize) -> Node {
        let mut node = Node::new("EncKDCRepPart")
            .with(self.key("session key", part.key))
            .with_field("nonce", part.nonce.0)
            .with_optional("key expires", part.key_expiration.map(|time| instant(time, None)))
            .with_field("flags", flags(part.flags.0, part.flags.names()))
            .with_field("authenticated at", instant(part.authtime, None))
            .with_optional("starts", part.starttime.map(|time| instant(time, None)))
            .with_field("ends", instant(part.endtime, None))
            .with_optional("renewable until", part.renew_till.map(|time| instant(time, None)))
            .with_field("service", part.sname.in_realm(part.srealm));
        if let Some(list) = part.caddr {
            node.push(addresses(list));
        }
        if let Some(methods) = part.encrypted_pa_data {
            node.push(self.methods("encrypted-pa-data", methods, nesting));
        }
        node
    }

    pub(super) fn enc_krb_cred_part(&self, bytes: &[u8]) -> Node {
        let part = match EncKrbCredPart::from_der(bytes) {
            Ok(part) => part,
            Err(error) => return unreadable("EncKrbCredPart", error, bytes),
        };
        let node = Node::new("EncKrbCredPart")
            .with_optional("nonce", part.nonce.map(|nonce| nonce.0))
            .with_optional("time", part.timestamp.map(|time| instant(time, part.usec)));
        part.ticket_info.into_iter().fold(node, |node, info| node.with(self.cred_info(&info)))
    }

    fn cred_info(&self, info: &KrbCredInfo<'_>) -> Node {
        Node::new("ticket-info")
            .with_optional("client", principal(info.pname, info.prealm))
            .with_optional("service", principal(info.sname, info.srealm))
            .with(self.key("session key", info.key))
            .with_optional("flags", info.flags.map(|set| flags(set.0, set.names())))
            .with_optional("starts", info.starttime.map(|time| instant(time, None)))
            .with_optional("ends", info.endtime.map(|time| instant(time, None)))
            .with_optional("renewable until", info.renew_till.map(|time| instant(time, None)))
    }
}

pub(super) fn addresses(list: HostAddresses<'_>) -> Node {
    Node::field("addresses", List(list.into_iter().map(|host| address(&host)).collect::<Vec<_>>()))
}

fn address(host: &HostAddress<'_>) -> String {
    let bytes = host.address.as_bytes();
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return core::net::Ipv4Addr::from(octets).to_string();
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(octets) if host.addr_type == krb5_asn1::AddressType::IPV6 => {
            core::net::Ipv6Addr::from(octets).to_string()
        }
        _ => format!("{} {}", host.addr_type, Hex(bytes)),
    }
}

/// Encrypted data that nobody here has a key for.
pub(super) fn closed(name: &str, data: Option<krb5_asn1::EncryptedData<'_>>) -> Option<Node> {
    data.map(|data| encrypted_closed(name, &data))
}
