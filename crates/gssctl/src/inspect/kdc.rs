//! Requests to the KDC and its replies.

use super::krb5::{flags, instant, open_with, principal, show, tickets};
use super::opened::{addresses, closed};
use super::tree::Node;
use super::{Inspector, encrypted_closed, enctypes};
use krb5_asn1::{
    AsRep, AsReq, EncAsRepPart, EncryptedData, KdcReqBody, KerberosString, MethodData, PrincipalName, Raw,
    TgsRep, TgsReq, Ticket,
};
use krb5_crypto::KeyUsage;

mod methods;

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
                let node = self.reply(
                    "AS-REP",
                    message.crealm,
                    message.cname,
                    message.padata,
                    &message.ticket,
                    nesting,
                );
                node.with(self.as_rep_part(&message.enc_part, nesting))
            }),
            _ => show("TGS-REP", bytes, |message: TgsRep<'_>| {
                let node = self.reply(
                    "TGS-REP",
                    message.crealm,
                    message.cname,
                    message.padata,
                    &message.ticket,
                    nesting,
                );
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
            node.push(self.method("padata", &method, nesting));
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
        nesting: usize,
    ) -> Node {
        let mut node = Node::new(name).with_field("client", client.in_realm(realm));
        if let Some(padata) = padata {
            node.push(self.methods("padata", padata, nesting));
        }
        node.with(self.ticket("ticket", ticket.value()).0)
    }

    /// Clients have their keys in keytabs too.
    fn as_rep_part(&self, data: &EncryptedData<'_>, nesting: usize) -> Node {
        let node = encrypted_closed("enc-part", data);
        let entries = self.keytab.iter().flat_map(|keytab| &keytab.entries);
        let opened = entries.into_iter().find_map(|entry| open_with(entry, data, KeyUsage::AS_REP));
        match opened.as_deref() {
            Some(plaintext) => node.with(show("EncASRepPart", plaintext, |part: EncAsRepPart<'_>| {
                self.enc_kdc_rep_part(&part.0, nesting)
            })),
            None => node,
        }
    }
}
