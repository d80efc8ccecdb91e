//! Pre-authentication data, and the data that comes with a KDC's errors.

use super::super::checksum;
use super::super::krb5::flags;
use super::super::tree::{Hex, List, Node};
use super::super::{Inspector, der, encrypted_closed};
use krb5_asn1::{
    ApReq, Decode, DecodeError, EtypeInfo, EtypeInfo2, KerbErrorData, KerbErrorDataType, KerbExtError,
    KrbFastArmoredReq, MethodData, Octets, PaAuthenticationSet, PaData, PaDataType, PaEncTimestamp,
    PaEncryptedChallenge, PaForUser, PaFxFastReply, PaFxFastRequest, PaPacOptions, PaPacRequest,
    PaReqEncPaRep, PaS4uX509User, PaSpake, PaSvrReferralData, SpakeSecondFactor, SupportedEnctypes,
};
use krb5_crypto::{EncType, KeyUsage};

impl Inspector {
    /// A list, with a line for each element.
    pub(in super::super) fn methods(&self, name: &str, list: MethodData<'_>, nesting: usize) -> Node {
        list.into_iter()
            .fold(Node::new(name), |node, method| node.with(self.method("method", &method, nesting)))
    }

    /// One element, and what is in it.
    pub(in super::super) fn method(&self, name: &str, method: &PaData<'_>, nesting: usize) -> Node {
        let value = method.padata_value.as_bytes();
        let node = Node::field(name, format_args!("{}, {} bytes", method.padata_type, value.len()));
        // Many types come empty in order to say that the sender knows them.
        if value.is_empty() {
            return node;
        }
        match method.padata_type {
            PaDataType::TGS_REQ => content(node, value, |node, request: ApReq<'_>| {
                node.with(self.ap_req(&request, KeyUsage::TGS_REQ_AUTHENTICATOR, nesting))
            }),
            PaDataType::FX_FAST => match PaFxFastReply::from_der(value) {
                Ok(PaFxFastReply::ArmoredData(reply)) => {
                    node.with(encrypted_closed("reply", &reply.enc_fast_rep))
                }
                Err(_) => content(node, value, |node, PaFxFastRequest::ArmoredData(request)| {
                    self.fast_request(node, &request, nesting)
                }),
            },
            PaDataType::FX_ERROR => node.with(self.token(value, nesting.saturating_add(1))),
            _ => plain_method(node, method.padata_type, value),
        }
    }

    fn fast_request(&self, mut node: Node, request: &KrbFastArmoredReq<'_>, nesting: usize) -> Node {
        if let Some(armor) = request.armor {
            let kind = format!("armor {}", armor.armor_type);
            node.push(self.token(armor.armor_value.as_bytes(), nesting.saturating_add(1)).labelled(&kind));
        }
        node.with(checksum::plain("checksum", &request.req_checksum))
            .with(encrypted_closed("request", &request.enc_fast_req))
    }

    /// Data that comes with an error: pre-authentication methods, a status of Windows, or something only its sender
    /// understands.
    pub(in super::super) fn error_data(&self, data: Octets<'_>, nesting: usize) -> Node {
        let bytes = data.as_bytes();
        let name = format!("e-data: {} bytes", bytes.len());
        if let Ok(methods) = MethodData::from_der(bytes) {
            return self.methods(&name, methods, nesting);
        }
        let node = Node::new(name);
        match KerbErrorData::from_der(bytes) {
            Ok(data) => node.with(windows_error(&data)),
            Err(_) => node.with(der::dump(bytes)),
        }
    }
}

/// What `value` holds below the line, or why it cannot be read.
fn content<'b, T>(node: Node, value: &'b [u8], show: impl FnOnce(Node, T) -> Node) -> Node
where
    T: Decode<'b, Error = DecodeError>,
{
    match T::from_der(value) {
        Ok(message) => show(node, message),
        Err(error) => node.with_field("malformed", error),
    }
}

fn plain_method(node: Node, kind: PaDataType, value: &[u8]) -> Node {
    match kind {
        PaDataType::ENC_TIMESTAMP => content(node, value, |node, data: PaEncTimestamp<'_>| {
            node.with(encrypted_closed("timestamp", &data))
        }),
        PaDataType::ENCRYPTED_CHALLENGE => content(node, value, |node, data: PaEncryptedChallenge<'_>| {
            node.with(encrypted_closed("challenge", &data))
        }),
        PaDataType::ETYPE_INFO2 => content(node, value, |node, list: EtypeInfo2<'_>| {
            list.into_iter().fold(node, |node, entry| {
                let params = entry.s2kparams.map(|params| Hex(params.as_bytes()).to_string());
                let entry = Node::new(EncType(entry.etype)).with_optional("salt", entry.salt);
                node.with(entry.with_optional("s2kparams", params))
            })
        }),
        PaDataType::ETYPE_INFO => content(node, value, |node, list: EtypeInfo<'_>| {
            list.into_iter().fold(node, |node, entry| {
                let salt = entry.salt.map(|salt| String::from_utf8_lossy(salt.as_bytes()).into_owned());
                node.with(Node::new(EncType(entry.etype)).with_optional("salt", salt))
            })
        }),
        PaDataType::PW_SALT => node.with_field("salt", String::from_utf8_lossy(value)),
        PaDataType::SPAKE => content(node, value, spake),
        PaDataType::AUTHENTICATION_SET | PaDataType::AUTH_SET_SELECTED => {
            content(node, value, |node, set: PaAuthenticationSet<'_>| {
                set.into_iter().fold(node, |node, element| node.with(Node::new(element.pa_type)))
            })
        }
        PaDataType::REQ_ENC_PA_REP => content(node, value, |node, checksum: PaReqEncPaRep<'_>| {
            node.with(checksum::plain("checksum of the request", &checksum))
        }),
        PaDataType::SVR_REFERRAL_INFO => content(node, value, |node, referral: PaSvrReferralData<'_>| {
            node.with_optional("service", referral.referred_name)
                .with_field("realm to ask", referral.referred_realm)
        }),
        _ => windows_method(node, kind, value),
    }
}

/// Types of MS-KILE and MS-SFU; of any other the bytes are shown.
fn windows_method(node: Node, kind: PaDataType, value: &[u8]) -> Node {
    match kind {
        PaDataType::PAC_REQUEST => content(node, value, |node, request: PaPacRequest| {
            node.with_field("PAC", if request.include_pac { "wanted" } else { "not wanted" })
        }),
        PaDataType::PAC_OPTIONS => content(node, value, |node, options: PaPacOptions| {
            node.with_field("options", flags(options.flags.0, options.flags.names()))
        }),
        PaDataType::FOR_USER => content(node, value, |node, user: PaForUser<'_>| {
            node.with_field("user", user.user_name.in_realm(user.user_realm))
                .with(checksum::plain("checksum", &user.cksum))
        }),
        PaDataType::S4U_X509_USER => content(node, value, |node, user: PaS4uX509User<'_>| {
            let id = user.user_id.value();
            let certificate = id.subject_certificate.map(|it| format!("{} bytes", it.as_bytes().len()));
            node.with_optional("user", id.cname.map(|name| name.in_realm(id.crealm)))
                .with_field("realm", id.crealm)
                .with_field("nonce", id.nonce)
                .with_optional("certificate", certificate)
                .with_optional("options", id.options.map(|it| flags(it.0, it.names())))
                .with(checksum::plain("checksum", &user.checksum))
        }),
        PaDataType::SUPPORTED_ETYPES => match SupportedEnctypes::from_bytes(value) {
            Some(set) => node.with_field("supported", flags(set.0, set.names())),
            None => node.with_field("bytes", Hex(value)),
        },
        _ => node.with_field("bytes", Hex(value)),
    }
}

fn spake(node: Node, message: PaSpake<'_>) -> Node {
    match message {
        PaSpake::Support(support) => {
            node.with_field("support of groups", List(support.groups.iter().collect::<Vec<_>>()))
        }
        PaSpake::Challenge(challenge) => {
            let factor = |factor: SpakeSecondFactor<'_>| factor.factor_type;
            node.with_field("challenge of group", challenge.group)
                .with_field("public value", Hex(challenge.pubkey.as_bytes()))
                .with_field("second factors", List(challenge.factors.iter().map(factor).collect::<Vec<_>>()))
        }
        PaSpake::Response(response) => node
            .with_field("response with public value", Hex(response.pubkey.as_bytes()))
            .with(encrypted_closed("second factor", &response.factor)),
        PaSpake::EncData(data) => node.with(encrypted_closed("further data", &data)),
    }
}

fn windows_error(data: &KerbErrorData<'_>) -> Node {
    let node = Node::field("KERB-ERROR-DATA", data.data_type);
    let Some(value) = data.data_value else { return node };
    match KerbExtError::from_bytes(value.as_bytes()) {
        Some(error) if data.data_type == KerbErrorDataType::EXTENDED => {
            node.with_field("NTSTATUS", format_args!("{:#010x}", error.status))
        }
        _ => node.with_field("bytes", Hex(value.as_bytes())),
    }
}
