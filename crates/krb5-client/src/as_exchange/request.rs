//! Requests.

use alloc::string::String;
use alloc::vec::Vec;

use gss_core::{Env, Timestamp};
use krb5_asn1::{
    AsReq, Encode, FastOptions, HostAddress, KdcOptions, KdcReqBody, KerberosString, KerberosTime,
    MethodData, NameType, Octets, Owned, PaData, PaDataType, PaPacRequest, PrincipalName, Raw, SeqOf, UInt32,
};

use super::{AsError, Asking, Conversation, MAX_REQUESTS, Sent};
use crate::fast::FastRequest;
use crate::preauth::PreauthData;
use crate::{Request, Service};

/// Nonces stay below 2^31, as in MIT krb5: peers that read them as signed numbers return them unchanged.
const NONCE_MASK: u32 = 0x7fff_ffff;

impl Sent {
    /// Before the first request.
    pub(super) const fn nothing() -> Self {
        Self {
            request: Request { realm: String::new(), service: Service::Kdc, message: Vec::new() },
            nonce: 0,
            body: Vec::new(),
            times: Asking { from: None, till: Timestamp::from_seconds(0), renew_till: None },
        }
    }
}

impl Conversation {
    /// Makes the next request, in which the mechanism in use answers `offers`.
    pub(super) fn ask(
        &mut self,
        offers: &Owned<MethodData<'static>>,
        env: &mut Env<'_>,
    ) -> Result<(), AsError> {
        self.requests = self.requests.saturating_add(1);
        if self.requests > MAX_REQUESTS {
            return Err(AsError::TooManyRequests { limit: MAX_REQUESTS });
        }
        let realm = self.client.realm().as_str().ok_or(AsError::RealmNotUtf8)?.into();
        let nonce = env.rng.next_u32() & NONCE_MASK;
        let times = self.times(self.kdc_now(env));
        let options = self.kdc_options();
        let body = self.body(nonce, times, options, self.client.name())?;
        let padata = self.padata(offers.view()?, &body, env)?;
        let message = match &self.armor {
            None => as_req(&padata, &body)?,
            Some(armor) => {
                // Outside of the tunnel the name may be hidden; what is there only finds the KDC.
                let (fast_options, outer) = match self.options.hide_client {
                    false => (FastOptions::NONE, body.clone()),
                    true => {
                        let name = ["WELLKNOWN", "ANONYMOUS"].map(KerberosString::from);
                        let anonymous = PrincipalName::new(NameType::WELLKNOWN, &name);
                        (FastOptions::HIDE_CLIENT_NAMES, self.body(nonce, times, options, anonymous)?)
                    }
                };
                let inner = borrow(&padata);
                let request =
                    FastRequest { covers: &outer, options: fast_options, padata: &inner, body: &body };
                let value = armor.wrap(&request, env)?;
                as_req(&[PreauthData { pa_type: PaDataType::FX_FAST, value }], &outer)?
            }
        };
        let request = Request { realm, service: Service::Kdc, message };
        self.sent = Sent { request, nonce, body, times };
        Ok(())
    }

    fn times(&self, now: Timestamp) -> Asking {
        let whole = |time: Timestamp| Timestamp::from_seconds(time.seconds());
        let start = whole(self.options.start.unwrap_or(now));
        let after = |seconds: u32| start.saturating_add_seconds(seconds.into());
        Asking {
            from: self.options.start.map(whole),
            till: after(self.options.lifetime),
            renew_till: self.options.renew_lifetime.map(after),
        }
    }

    fn kdc_options(&self) -> KdcOptions {
        let mut all = KdcOptions::NONE;
        for (wanted, option) in [
            (self.options.forwardable, KdcOptions::FORWARDABLE),
            (self.options.proxiable, KdcOptions::PROXIABLE),
            (self.options.renew_lifetime.is_some(), KdcOptions::RENEWABLE),
            (self.options.start.is_some(), KdcOptions::ALLOW_POSTDATE | KdcOptions::POSTDATED),
            (self.options.names_may_change(), KdcOptions::CANONICALIZE),
        ] {
            if wanted {
                all = all | option;
            }
        }
        all
    }

    fn body(
        &self,
        nonce: u32,
        times: Asking,
        kdc_options: KdcOptions,
        client: PrincipalName<'_>,
    ) -> Result<Vec<u8>, AsError> {
        let enctypes: Vec<i32> = self.enctypes.iter().map(|enctype| enctype.0).collect();
        let addresses: Vec<_> = self
            .options
            .addresses
            .iter()
            .map(|address| HostAddress { addr_type: address.addr_type, address: Octets::new(&address.data) })
            .collect();
        let body = KdcReqBody {
            kdc_options,
            cname: Some(client),
            realm: self.client.realm(),
            sname: Some(self.server.name()),
            from: times.from.map(kerberos_time).transpose()?,
            till: kerberos_time(times.till)?,
            rtime: times.renew_till.map(kerberos_time).transpose()?,
            nonce: UInt32(nonce),
            etype: SeqOf::new(&enctypes),
            addresses: Some(SeqOf::new(&addresses)).filter(|list| !list.is_empty()),
            enc_authorization_data: None,
            additional_tickets: None,
        };
        Ok(body.to_der()?)
    }

    /// Cookie, the mechanism's answer, and what the request says about itself.
    fn padata(
        &mut self,
        offers: MethodData<'_>,
        body: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Vec<PreauthData>, AsError> {
        let mut padata = Vec::new();
        if let Some(cookie) = &self.cookie {
            padata.push(PreauthData { pa_type: PaDataType::FX_COOKIE, value: cookie.clone() });
        }
        padata.extend(self.answer_offers(&offers, body, env)?);
        if let Some(include_pac) = self.options.request_pac {
            let value = PaPacRequest { include_pac }.to_der()?;
            padata.push(PreauthData { pa_type: PaDataType::PAC_REQUEST, value });
        }
        padata.push(PreauthData { pa_type: PaDataType::REQ_ENC_PA_REP, value: Vec::new() });
        Ok(padata)
    }
}

fn borrow(padata: &[PreauthData]) -> Vec<PaData<'_>> {
    padata
        .iter()
        .map(|data| PaData { padata_type: data.pa_type, padata_value: Octets::new(&data.value) })
        .collect()
}

fn as_req(padata: &[PreauthData], body: &[u8]) -> Result<Vec<u8>, AsError> {
    let padata = borrow(padata);
    let padata = Some(SeqOf::new(&padata));
    Ok(AsReq { padata, req_body: Raw::<KdcReqBody<'_>>::new(body)? }.to_der()?)
}

/// A time as requests carry it. A lifetime that leads beyond the year 9999 ends there.
pub(super) fn kerberos_time(time: Timestamp) -> Result<KerberosTime, AsError> {
    if time.seconds() > KerberosTime::MAX.unix_seconds() {
        return Ok(KerberosTime::MAX);
    }
    KerberosTime::from_unix(time.seconds()).ok_or(AsError::Clock { now: time })
}
