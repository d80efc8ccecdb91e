//! Requests to the KDC and its replies.

use super::krb5::{flags, instant, open_with, principal, show, tickets};
use super::opened::{addresses, closed};
use super::tree::{Hex, Node};
use super::{Inspector, encrypted_closed, enctypes};
use krb5_asn1::{
    ApReq, AsRep, AsReq, Decode, EncAsRepPart, EncryptedData, EtypeInfo2, KdcReqBody, KerberosString,
    MethodData, PaData, PaDataType, PrincipalName, Raw, TgsRep, TgsReq, Ticket,
};
use krb5_crypto::{EncType, KeyUsage};

impl Inspector {
    pub(super) fn kdc_message(&self, tag: u8, bytes: &[u8], nesting: usize) -> Node {
        match tag {
            10 => show("AS-REQ", bytes, |message: AsReq<'_>| {
                self.request("AS-REQ", message.padata, message.req_body.value(), nesting)
            }),
            12 => show("TGS-REQ", bytes, |message: TgsReq<'_>| {
                self.request("TGS-REQ", message.padata, message.req_body.value(), nesting)
            }),
            11 => show("AS-REP", bytes, |message: AsRep<'_>| {
                let node =
                    self.reply("AS-REP", message.crealm, message.cname, message.padata, &message.ticket);
                node.with(self.as_rep_part(&message.enc_part))
            }),
            _ => show("TGS-REP", bytes, |message: TgsRep<'_>| {
                let node =
                    self.reply("TGS-REP", message.crealm, message.cname, message.padata, &message.ticket);
                node.with(encrypted_closed("enc-part", &message.enc_part))
            }),
        }
    }

    fn request(
        &self,
        name: &str,
        methods: Option<MethodData<'_>>,
        body: &KdcReqBody<'_>,
        nesting: usize,
    ) -> Node {
        let mut node = Node::new(name);
        for method in methods.into_iter().flatten() {
            node.push(self.method(&method, nesting));
        }
        let mut node = node
            .with_field("kdc-options", flags(body.kdc_options.0, body.kdc_options.names()))
            .with_optional("client", principal(body.cname, Some(body.realm)).filter(|_| body.cname.is_some()))
            .with_field("realm", body.realm)
            .with_optional("service", body.sname)
            .with_optional("from", body.from.map(|time| instant(time, None)))
            .with_field("till", instant(body.till, None))
            .with_optional("renewable until", body.rtime.map(|time| instant(time, None)))
            .with_field("nonce", body.nonce.0)
            .with_field("enctypes", enctypes(body.etype));
        if let Some(list) = body.addresses {
            node.push(addresses(list));
        }
        if let Some(data) = closed("enc-authorization-data", body.enc_authorization_data) {
            node.push(data);
        }
        for ticket in tickets(self, "additional ticket", body.additional_tickets.into_iter().flatten()) {
            node.push(ticket);
        }
        node
    }

    fn reply(
        &self,
        name: &str,
        realm: KerberosString<'_>,
        client: PrincipalName<'_>,
        padata: Option<MethodData<'_>>,
        ticket: &Raw<'_, Ticket<'_>>,
    ) -> Node {
        let mut node = Node::new(name).with_field("client", client.in_realm(realm));
        if let Some(padata) = padata {
            node.push(methods("padata", padata));
        }
        node.with(self.ticket("ticket", ticket.value()).0)
    }

    /// Clients have their keys in keytabs too.
    fn as_rep_part(&self, data: &EncryptedData<'_>) -> Node {
        let node = encrypted_closed("enc-part", data);
        let entries = self.keytab.iter().flat_map(|keytab| &keytab.entries);
        let opened = entries.into_iter().find_map(|entry| open_with(entry, data, KeyUsage::AS_REP));
        match opened.as_deref() {
            Some(plaintext) => node.with(show("EncASRepPart", plaintext, |part: EncAsRepPart<'_>| {
                self.enc_kdc_rep_part(&part.0)
            })),
            None => node,
        }
    }

    fn method(&self, method: &PaData<'_>, nesting: usize) -> Node {
        let value = method.padata_value.as_bytes();
        if method.padata_type == PaDataType::TGS_REQ
            && let Ok(request) = ApReq::from_der(value)
        {
            return self
                .ap_req(&request, KeyUsage::TGS_REQ_AUTHENTICATOR, nesting)
                .labelled("padata TGS_REQ");
        }
        one_method("padata", method)
    }
}

/// Pre-authentication data.
pub(super) fn methods(name: &str, list: MethodData<'_>) -> Node {
    list.into_iter().fold(Node::new(name), |node, method| node.with(one_method("method", &method)))
}

fn one_method(name: &str, method: &PaData<'_>) -> Node {
    let value = method.padata_value.as_bytes();
    let node = Node::field(name, format_args!("{}, {} bytes", method.padata_type, value.len()));
    match method.padata_type {
        PaDataType::ENC_TIMESTAMP => match EncryptedData::from_der(value) {
            Ok(data) => node.with(encrypted_closed("timestamp", &data)),
            Err(_) => node,
        },
        PaDataType::ETYPE_INFO2 => match EtypeInfo2::from_der(value) {
            Ok(list) => list.into_iter().fold(node, |node, entry| {
                node.with(Node::new(EncType(entry.etype)).with_optional("salt", entry.salt).with_optional(
                    "s2kparams",
                    entry.s2kparams.map(|params| Hex(params.as_bytes()).to_string()),
                ))
            }),
            Err(_) => node,
        },
        _ => node,
    }
}
