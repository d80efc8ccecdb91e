//! Oracles for `krb5-crypto`.

pub mod spake;

use crate::input::{Input, rng};
use ::krb5_crypto::{ChecksumType, EncType, Key, KeyUsage, MAX_SALT_LEN, Segment};

/// All enctypes. New ones go to the end, so that seeds stay what they are.
pub const ENCTYPES: &[EncType] = &[
    EncType::AES128_CTS_HMAC_SHA1_96,
    EncType::AES256_CTS_HMAC_SHA1_96,
    EncType::AES128_CTS_HMAC_SHA256_128,
    EncType::AES256_CTS_HMAC_SHA384_192,
    EncType::RC4_HMAC,
    EncType::CAMELLIA128_CTS_CMAC,
    EncType::CAMELLIA256_CTS_CMAC,
];

/// The place of an enctype in [`ENCTYPES`].
///
/// # Panics
/// When it has none.
pub fn enctype_index(enctype: EncType) -> u8 {
    let index = ENCTYPES.iter().position(|known| *known == enctype);
    u8::try_from(index.expect("an enctype of this build")).expect("there are few")
}

/// A key of the next enctype, from the next chunk, filled up with zeros.
pub fn key(input: &mut Input<'_>) -> Key {
    let enctype = *input.pick(ENCTYPES);
    let mut bytes = input.chunk().to_vec();
    bytes.resize(enctype.key_len().expect("a supported enctype"), 0);
    Key::new(enctype, &bytes).expect("a key of the right length")
}

/// Decryption in one buffer and in segments give the same, and encryption with the confounder found gives the
/// ciphertext back. (Not for RC4: there the message's key comes from a checksum, which passes here unseen.)
pub fn messages(input: &[u8]) {
    let mut input = Input::new(input);
    let key = key(&mut input);
    let cipher = key.cipher(KeyUsage(input.u32()));
    let cuts = [usize::from(input.byte()), usize::from(input.byte())];
    let sealed = input.rest();

    let mut buffer = sealed.to_vec();
    let outcome = cipher.decrypt_in_place(&mut buffer).map(|plaintext| plaintext.to_vec());
    let Ok(plaintext) = outcome else {
        assert!(sealed.len() < cipher.overhead() || !cfg!(fuzzing));
        return round_trip(&key, sealed);
    };
    assert_eq!(plaintext.len() + cipher.overhead(), sealed.len());

    let (mut header, rest) = (sealed[..cipher.header_len()].to_vec(), &sealed[cipher.header_len()..]);
    let (body, trailer) = rest.split_at(plaintext.len());
    let mut data = body.to_vec();
    let first = cuts[0].min(data.len());
    let (one, two) = data.split_at_mut(first);
    let second = cuts[1].min(two.len());
    let (two, three) = two.split_at_mut(second);
    let mut segments = [
        Segment::Data(one),
        Segment::SignOnly(b"signed"),
        Segment::Data(two),
        Segment::SignOnly(b""),
        Segment::Data(three),
    ];
    if cipher.decrypt_segments(&mut header, &mut segments, trailer).is_ok() {
        assert_eq!(data, plaintext);
    }

    if key.enctype() != EncType::RC4_HMAC {
        let confounder = buffer[..cipher.confounder_len()].to_vec();
        cipher.encrypt_in_place_with_confounder(&mut buffer, &confounder).expect("as long as before");
        let end = buffer.len() - cipher.trailer_len();
        assert_eq!(buffer[..end], sealed[..end]);
        if !cfg!(fuzzing) {
            assert_eq!(buffer, sealed);
        }
    }
    round_trip(&key, &plaintext);
}

/// What was encrypted decrypts, and its checksum verifies.
fn round_trip(key: &Key, plaintext: &[u8]) {
    let cipher = key.cipher(KeyUsage::TICKET);
    let mut buffer = vec![0; cipher.header_len()];
    buffer.extend_from_slice(plaintext);
    buffer.resize(plaintext.len() + cipher.overhead(), 0);
    cipher.encrypt_in_place(&mut buffer, &mut rng()).expect("room for header and trailer");
    assert_eq!(cipher.decrypt_in_place(&mut buffer).as_deref(), Ok(plaintext));

    let checksum = key.checksum(KeyUsage::KRB_SAFE);
    let tag = checksum.compute_tag(&[plaintext]);
    assert_eq!(tag.as_bytes().len(), checksum.len());
    let (left, right) = plaintext.split_at(plaintext.len() / 2);
    assert_eq!(checksum.compute_tag(&[left, &[], right]).as_bytes(), tag.as_bytes());
    assert!(checksum.verify(&[plaintext], tag.as_bytes()).is_ok());
}

/// Keys from what a KDC or a file says: of the right length or refused, the same each time, and in bounded time.
pub fn keys(input: &[u8]) {
    const LIMIT: u32 = 16;
    let mut input = Input::new(input);
    let enctype = match input.byte() {
        255 => EncType(input.u32().cast_signed()),
        index => ENCTYPES[usize::from(index) % ENCTYPES.len()],
    };
    let params = (input.byte() % 2 == 1).then(|| input.chunk());
    let (salt, password, bytes) = (input.chunk(), input.chunk(), input.rest());

    let from_password = || Key::from_password_with_limit(enctype, password, salt, params, LIMIT);
    match from_password() {
        Ok(key) => {
            assert_eq!(Some(key.secret_bytes().len()), enctype.key_len());
            assert!(salt.len() <= MAX_SALT_LEN);
            assert!(key.ct_eq(&from_password().expect("as before")));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let key = Key::new(enctype, bytes);
    assert_eq!(key.is_ok(), enctype.is_supported() && enctype.key_len() == Some(bytes.len()));
    let seeded = Key::random_to_key(enctype, bytes);
    assert_eq!(seeded.is_ok(), enctype.is_supported() && enctype.seed_len() == Some(bytes.len()));
    let Ok(key) = key else { return };

    let mut out = vec![0; password.len() % 300];
    if key.prf_plus(salt, &mut out).is_ok() {
        let mut shorter = vec![0; out.len() / 2];
        key.prf_plus(salt, &mut shorter).expect("less than before");
        assert_eq!(shorter, out[..shorter.len()]);
    }
    let mixed = key.cf2(&key.duplicate(), salt, password).expect("a key is short");
    assert_eq!(mixed.enctype(), enctype);
    let named = ChecksumType(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % 140);
    if let Some(checksum) = key.checksum_with_type(named, KeyUsage::KRB_SAFE) {
        assert!(named.is_keyed());
        assert_eq!(checksum.checksum_type(), named);
        assert!(cfg!(fuzzing) || checksum.verify(&[salt], password).is_err());
    }
}
