//! SPAKE against the KDC's side of it.

use gss_core::Diagnose;
use krb5_asn1::{
    Decode, Encode, ErrorCode, Octets, PaDataType, PaSpake, SeqOf, SpakeChallenge, SpakeFactorType,
    SpakeGroup, SpakeSecondFactor,
};
use krb5_client::{AsError, AsOptions, PreauthError, Secret};
use krb5_crypto::KeyUsage;
use krb5_crypto::spake::{Group, Party, Role, Transcript};

use crate::kdc::*;

/// The KDC's side, and how it misbehaves.
pub(crate) struct KdcSide {
    pub(crate) group: Group,
    pub(crate) factors: Vec<SpakeFactorType>,
    /// What it says its group is.
    pub(crate) claimed: Option<i32>,
    pub(crate) public_value: Option<Vec<u8>>,
    party: Option<(Party, Transcript)>,
}

impl Default for KdcSide {
    fn default() -> Self {
        Self {
            group: Group::Edwards25519,
            factors: vec![SpakeFactorType::NONE],
            claimed: None,
            public_value: None,
            party: None,
        }
    }
}

/// The KDC's challenge. `support` is what the client sent; empty if the challenge is unasked.
pub(crate) fn challenge(kdc: &mut Kdc, support: &[u8]) -> Vec<u8> {
    let key = kdc.key();
    let party = Party::generate(Role::Kdc, kdc.spake.group, &key, &mut kdc.rng).unwrap();
    let public = party.public_value();
    let factors: Vec<_> = kdc
        .spake
        .factors
        .iter()
        .map(|factor_type| SpakeSecondFactor { factor_type: *factor_type, data: None })
        .collect();
    let challenge = PaSpake::Challenge(SpakeChallenge {
        group: SpakeGroup(kdc.spake.claimed.unwrap_or(kdc.spake.group.number())),
        pubkey: Octets::new(kdc.spake.public_value.as_deref().unwrap_or(public.as_bytes())),
        factors: SeqOf::new(&factors),
    })
    .to_der()
    .unwrap();
    kdc.spake.party = Some((party, Transcript::new(support, &challenge)));
    challenge
}

/// Answers a request that has PA-SPAKE in it.
pub(crate) fn answer(kdc: &mut Kdc, asked: &Asked<'_>) -> Vec<u8> {
    let sent = value(&asked.padata, PaDataType::SPAKE).unwrap();
    match PaSpake::from_der(sent).unwrap() {
        PaSpake::Support(support) => {
            assert_eq!(support.groups.iter().collect::<Vec<_>>(), [SpakeGroup(1), SpakeGroup(2)]);
            let challenge = challenge(kdc, sent);
            let offers = [
                (PaDataType::SPAKE, challenge),
                (PaDataType::FX_COOKIE, format!("cookie {}", kdc.seen.len()).into_bytes()),
            ];
            kdc.error(asked, ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, &offers)
        }
        PaSpake::Response(response) => {
            let (party, transcript) = kdc.spake.party.take().unwrap();
            let keys = party.agree(response.pubkey.as_bytes(), &transcript).unwrap();
            let factor_key = keys.key(1, asked.body).unwrap();
            let Some(factor) = open(&factor_key, KeyUsage::SPAKE, &response.factor) else {
                return kdc.error(asked, ErrorCode::KDC_ERR_PREAUTH_FAILED, &kdc.offers());
            };
            let factor = SpakeSecondFactor::from_der(&factor).unwrap();
            assert_eq!(factor.factor_type, SpakeFactorType::NONE);
            let reply_key = keys.key(0, asked.body).unwrap();
            kdc.issue(asked, reply_key, Vec::new())
        }
        other => panic!("{other:?}"),
    }
}

fn spake_kdc() -> Kdc {
    Kdc::wanting(&[PaDataType::SPAKE, PaDataType::ENC_TIMESTAMP])
}

#[test]
fn both_groups_lead_to_a_ticket() {
    for group in Group::ALL {
        let mut kdc = spake_kdc();
        kdc.spake.group = group;
        let outcome = login(&mut kdc).unwrap();
        assert_eq!(outcome.pa_type, Some(PaDataType::SPAKE));
        let [_, offer, response] = kdc.seen.as_slice() else { panic!("{:?}", kdc.seen) };
        // Nothing goes out that passwords could be tried on.
        assert!(kdc.seen.iter().all(|seen| !seen.padata.contains(&PaDataType::ENC_TIMESTAMP)));
        assert_eq!(offer.cookie.as_deref(), Some(&b"cookie 1"[..]));
        assert_eq!(response.cookie.as_deref(), Some(&b"cookie 2"[..]));
    }
}

#[test]
fn it_works_inside_fast_too() {
    let mut kdc = Kdc { fast: true, ..spake_kdc() };
    let options = AsOptions { armor: Some(kdc.armor()), ..options() };
    let outcome = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap();
    assert_eq!((outcome.pa_type, outcome.fast_used), (Some(PaDataType::SPAKE), true));
}

#[test]
fn an_unasked_challenge_saves_a_round() {
    let mut kdc = spake_kdc();
    let unasked = challenge(&mut kdc, &[]);
    let outcome = login_after(&mut kdc, unasked).unwrap();
    assert_eq!((outcome.pa_type, kdc.seen.len()), (Some(PaDataType::SPAKE), 1));
    // In a group that we do not know it counts as no challenge at all.
    let mut kdc = spake_kdc();
    kdc.spake.claimed = Some(3);
    let unasked = challenge(&mut kdc, &[]);
    kdc.spake.claimed = None;
    login_after(&mut kdc, unasked).unwrap();
    assert_eq!(kdc.seen.len(), 2);
}

/// A login whose first answer offers this challenge.
fn login_after(kdc: &mut Kdc, unasked: Vec<u8>) -> Result<krb5_client::AsOutcome, AsError> {
    let mut offers = kdc.offers();
    offers.retain(|(pa_type, _)| *pa_type != PaDataType::SPAKE);
    offers.push((PaDataType::SPAKE, unasked));
    let first = kdc.krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &encode(&offers));
    let mut first = Some(first);
    converse(&krb5_client::Policy::default(), options(), Secret::password(PASSWORD), |request| {
        first.take().unwrap_or_else(|| kdc.answer(&request.message))
    })
}

#[test]
fn a_wrong_password_ends_it_without_a_weaker_try() {
    let mut kdc = spake_kdc();
    let error = login_with(&mut kdc, options(), Secret::password("wrong")).unwrap_err();
    assert!(matches!(error, AsError::WrongPassword(_)), "{error}");
    assert_eq!(kdc.seen.len(), 3);
}

#[test]
fn a_challenge_that_breaks_the_rules_has_its_own_error() {
    let attempt = |bend: &dyn Fn(&mut KdcSide)| {
        let mut kdc = spake_kdc();
        bend(&mut kdc.spake);
        login(&mut kdc).unwrap_err()
    };
    assert_eq!(
        attempt(&|side| side.claimed = Some(3)),
        AsError::Preauth(PreauthError::SpakeGroup { found: 3 })
    );
    assert_eq!(
        attempt(&|side| side.factors = vec![SpakeFactorType(2)]),
        AsError::Preauth(PreauthError::SpakeFactor)
    );
    assert_eq!(attempt(&|side| side.factors.clear()).code(), "spake_factor");
    assert_eq!(attempt(&|side| side.public_value = Some(vec![0; 32])).code(), "spake_public_value");
    assert_eq!(attempt(&|side| side.public_value = Some(vec![])).code(), "spake_public_value");
}

#[test]
fn a_message_out_of_turn_is_refused() {
    // Our own support message, returned as the first offer and as the challenge.
    let groups = [SpakeGroup(1)];
    let support = PaSpake::Support(krb5_asn1::SpakeSupport { groups: SeqOf::new(&groups) }).to_der().unwrap();
    let error = login_after(&mut spake_kdc(), support.clone()).unwrap_err();
    assert_eq!(error, AsError::Preauth(PreauthError::SpakeMessage));

    let mut kdc = spake_kdc();
    let mut turn = 0;
    let error = converse(&krb5_client::Policy::default(), options(), Secret::password(PASSWORD), |request| {
        turn += 1;
        if turn == 1 {
            return kdc.answer(&request.message);
        }
        let offers = [(PaDataType::SPAKE, support.clone())];
        kdc.krb_error(ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, &encode(&offers))
    });
    assert_eq!(error.unwrap_err(), AsError::Preauth(PreauthError::SpakeMessage));
}

#[test]
fn a_reply_before_the_response_is_refused() {
    let mut kdc = spake_kdc();
    let mut turn = 0;
    let error = converse(&krb5_client::Policy::default(), options(), Secret::password(PASSWORD), |request| {
        turn += 1;
        if turn == 2 {
            kdc.preauth.clear();
        }
        kdc.answer(&request.message)
    });
    assert_eq!(error.unwrap_err(), AsError::Preauth(PreauthError::Unfinished));
}
