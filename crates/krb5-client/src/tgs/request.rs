//! TGS-REQ, made from what is asked for (RFC 4120 section 3.3.1).

use alloc::vec::Vec;

use gss_core::Env;
use krb5_asn1::{
    Encode, EncryptedData, FastOptions, HostAddress, KdcOptions, KdcReqBody, KerberosTime, Octets, PaData,
    PaDataType, PaPacOptions, PacOptions, Principal, Raw, SeqOf, TgsReq, Ticket, UInt32, der,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::Address;

use super::TgsError;
use super::s4u::{S4uSent, S4uUser};
use crate::Credential;
use crate::ap_req::{ApReqError, ApReqMaker, ApReqUse, kerberos_time};
use crate::fast::{Armor, FastRequest};
use crate::sealed::seal;

/// Nonces are below 2^31: MIT krb5 and Heimdal write them as signed numbers, and so read them.
const NONCE_MASK: u32 = 0x7fff_ffff;

/// What a TGS-REQ asks for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The service; its realm is that of the KDC.
    pub(super) server: Principal,
    pub(super) options: KdcOptions,
    pub(super) till: KerberosTime,
    pub(super) renew_till: Option<KerberosTime>,
    pub(super) enctypes: Vec<EncType>,
    pub(super) addresses: Vec<Address>,
    /// DER of `AuthorizationData`.
    pub(super) authorization_data: Option<Vec<u8>>,
    /// DER of the ticket that the options refer to.
    pub(super) second_ticket: Option<Vec<u8>>,
    /// The user on whose behalf the client asks.
    pub(super) user: Option<S4uUser>,
    pub(super) pac_options: PacOptions,
    /// Whether the request goes through FAST.
    pub(super) fast: bool,
}

/// A TGS-REQ, and what the check of its answer needs.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) message: Vec<u8>,
    pub(super) wanted: Wanted,
    pub(super) nonce: u32,
    pub(super) subkey: Key,
    /// The time of the request by the KDC's clock, as far as that is known.
    pub(super) at: KerberosTime,
    pub(super) s4u: Option<S4uSent>,
    /// The armor of a request through FAST.
    pub(super) armor: Option<Armor>,
}

impl Wanted {
    /// Makes the request. `env` has the time by the KDC's clock.
    pub(super) fn make(self, tgt: &Credential, env: &mut Env<'_>) -> Result<Sent, TgsError> {
        let nonce = env.rng.next_u32() & NONCE_MASK;
        let subkey = Key::generate(tgt.session_key.enctype(), env.rng).map_err(ApReqError::from)?;
        let (at, _) = kerberos_time(env.now).ok_or(ApReqError::Clock { now: env.now })?;
        let body = self.body(nonce, &subkey, env)?;
        let request = ApReqMaker::new(tgt, ApReqUse::Tgs).covering(&body).make_with_subkey(subkey, env)?;

        let s4u = match &self.user {
            Some(user) => Some(user.padata(nonce, &request.subkey, &tgt.session_key)?),
            None => None,
        };
        let pac_options = PaPacOptions { flags: self.pac_options }.to_der()?;
        let mut padata: Vec<_> = s4u.iter().flat_map(S4uSent::padata).collect();
        if self.pac_options != PacOptions::NONE {
            padata.push(pa_data(PaDataType::PAC_OPTIONS, &pac_options));
        }
        let mut tunnelled = Vec::new();
        let mut armor = None;
        if self.fast {
            let made = Armor::of_subkey(&request.subkey, &tgt.session_key)?;
            let options = FastOptions::NONE;
            let inner = FastRequest { covers: &request.der, options, padata: &padata, body: &body };
            tunnelled = made.wrap(&inner, env)?;
            armor = Some(made);
            padata = Vec::from([pa_data(PaDataType::FX_FAST, &tunnelled)]);
        }
        padata.insert(0, pa_data(PaDataType::TGS_REQ, &request.der));
        let req_body = Raw::new(&body).map_err(|_| der::Error::from(der::ErrorKind::Failed))?;
        let message = TgsReq { padata: Some(SeqOf::new(&padata)), req_body }.to_der()?;
        drop(padata);
        drop(tunnelled);
        Ok(Sent { message, wanted: self, nonce, subkey: request.subkey, at, s4u, armor })
    }

    /// DER of the body, which the authenticator's checksum covers.
    fn body(&self, nonce: u32, subkey: &Key, env: &mut Env<'_>) -> Result<Vec<u8>, TgsError> {
        let server = self.server.as_borrowed();
        let etype: Vec<i32> = self.enctypes.iter().map(|enctype| enctype.0).collect();
        let addresses = host_addresses(&self.addresses);
        let usage = KeyUsage::TGS_REQ_AUTHORIZATION_DATA_SUBKEY;
        let authorization_data =
            self.authorization_data.as_ref().map(|data| seal(subkey, usage, data, env.rng));
        let second: Option<Raw<'_, Ticket<'_>>> =
            self.second_ticket.as_deref().map(Raw::new).transpose().map_err(TgsError::SecondTicket)?;
        let body = KdcReqBody {
            kdc_options: self.options,
            cname: None,
            realm: server.realm,
            sname: Some(server.name),
            from: None,
            till: self.till,
            rtime: self.renew_till,
            nonce: UInt32(nonce),
            etype: SeqOf::new(&etype),
            addresses: Some(SeqOf::new(&addresses)).filter(|list| !list.is_empty()),
            enc_authorization_data: authorization_data.as_ref().map(|cipher| EncryptedData {
                etype: subkey.enctype().0,
                kvno: None,
                cipher: Octets::new(cipher),
            }),
            additional_tickets: second.as_ref().map(|ticket| SeqOf::new(core::slice::from_ref(ticket))),
        };
        Ok(body.to_der()?)
    }
}

/// Pre-authentication data of this type.
pub(super) const fn pa_data(padata_type: PaDataType, value: &[u8]) -> PaData<'_> {
    PaData { padata_type, padata_value: Octets::new(value) }
}

/// Addresses as messages hold them.
pub(super) fn host_addresses(addresses: &[Address]) -> Vec<HostAddress<'_>> {
    addresses
        .iter()
        .map(|address| HostAddress { addr_type: address.addr_type, address: Octets::new(&address.data) })
        .collect()
}
