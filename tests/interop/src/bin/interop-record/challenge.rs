//! Encrypted challenges of KDCs (RFC 6113 section 5.4.6), with the keys that open them.

use alloc::sync::Arc;
use core::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss_core::{Env, Timestamp};
use interop::kdc::heimdal::Heimdal;
use interop::kdc::mit::Mit;
use interop::kdc::{self, Account, Directory, Kdc};
use interop::site::Site;
use interop::{heimdal, peer, text};
use krb5_asn1::{
    Encode as _, EncryptedData, KerberosTime, MethodData, Microseconds, Octets, PaDataType, PaEncTsEnc,
    Principal,
};
use krb5_client::{
    AsExchange, AsOptions, Credential, Policy, PreauthContext, PreauthData, PreauthError, PreauthMechanism,
    Request, Secret,
};
use krb5_crypto::{EncType, Key, KeyUsage};

const REALM: &str = "CHALLENGE.TEST";
const PASSWORD: &str = "correct horse battery staple";
const ENCTYPES: [EncType; 2] = [EncType::AES256_CTS_HMAC_SHA1_96, EncType::AES128_CTS_HMAC_SHA256_128];

/// Writes `preauth/encrypted-challenge.txt`.
pub(crate) fn record(folder: &Path) -> Result<()> {
    let site = Site::new()?;
    let directory = Directory::new(&[REALM])?;
    let mut text = format!(
        "# The challenge that each KDC sends with a ticket, and the keys of the tunnel and of the client.\n\
         source: MIT krb5 {} and Heimdal {} (Debian), by interop-record\n\
         kind: encrypted-challenge\n\
         origin: recorded\n",
        super::version("krb5-kdc")?,
        heimdal_version(&site)?,
    );
    for enctype in ENCTYPES {
        let mit = Mit::start(&site, &directory, REALM)?;
        text.push_str(&challenge("mit", &mit, &directory, enctype)?);
        drop(mit);
        let heimdal = Heimdal::start(&site, &directory, REALM)?;
        text.push_str(&challenge("heimdal", &heimdal, &directory, enctype)?);
    }
    let folder = folder.join("preauth");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join("encrypted-challenge.txt"), text)?)
}

fn heimdal_version(site: &Site) -> Result<String> {
    let said = peer::finish(heimdal::command(site, "kinit")?.arg("--version"), b"")?.stderr;
    let version = said.split_once("Heimdal ").and_then(|(_, rest)| rest.split_once(')'));
    Ok(version.with_context(|| format!("kinit says {said:?}"))?.0.into())
}

/// A record with the challenge of one KDC.
fn challenge(name: &str, kdc: &dyn Kdc, directory: &Directory, enctype: EncType) -> Result<String> {
    let single = [interop::enctype::Enctype(enctype.0.try_into()?)];
    kdc.add(&Account::user("alice", PASSWORD).enctypes(&single))?;
    kdc.add(&Account::user("host/armor", PASSWORD).enctypes(&single))?;
    let armor = login(directory, enctype, "host/armor", None, &Seen::default())?;
    let seen = Seen::default();
    login(directory, enctype, "alice", Some(armor), &seen)?;
    let mut record = format!("\nname: {name} {enctype}\nenctype: {}\n", enctype.0);
    let seen = seen.lock().map_err(|_| anyhow::anyhow!("the recorder panicked"))?;
    let Some(Recorded { armor, client, challenge }) = &*seen else { bail!("{name} sent no challenge") };
    writeln!(record, "armor-key: {}", text::hex(armor))?;
    writeln!(record, "client-key: {}", text::hex(client))?;
    writeln!(record, "challenge: {}", text::hex(challenge))?;
    Ok(record)
}

fn login(
    directory: &Directory,
    enctype: EncType,
    client: &str,
    armor: Option<Credential>,
    seen: &Seen,
) -> Result<Credential> {
    let policy = Policy { enctypes: vec![enctype], ..Policy::default() };
    let options = AsOptions { armor, ..AsOptions::new(Principal::parse(client, Some(REALM))?) };
    let (mut rng, now) = (UnwrapErr(SysRng), || Timestamp::from_seconds(text::unix_now()));
    let mechanisms: Vec<Box<dyn PreauthMechanism>> = vec![Box::new(Recorder(Arc::clone(seen)))];
    let exchange = AsExchange::with_mechanisms(
        &policy,
        options,
        Secret::password(PASSWORD),
        mechanisms,
        &mut Env::new(now(), &mut rng),
    )?;
    let server = directory.address(REALM)?.kdc;
    let mut transport = |request: &Request| kdc::tcp(server, &request.message);
    let outcome = krb5_client::run(exchange, &mut transport, &mut || now(), &mut rng);
    Ok(outcome.map_err(|error| anyhow::anyhow!("{client}: {error}"))?.credential)
}

/// What the mechanism has seen.
type Seen = Arc<Mutex<Option<Recorded>>>;

#[derive(Debug)]
struct Recorded {
    armor: Vec<u8>,
    client: Vec<u8>,
    challenge: Vec<u8>,
}

/// The encrypted challenge's client, which keeps the KDC's challenge without a look at it.
#[derive(Debug)]
struct Recorder(Seen);

impl PreauthMechanism for Recorder {
    fn pa_type(&self) -> PaDataType {
        PaDataType::ENCRYPTED_CHALLENGE
    }

    fn is_usable(&self, inside_fast: bool) -> bool {
        inside_fast
    }

    fn answer(
        &mut self,
        _offers: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<PreauthData>, PreauthError> {
        let long_term = context.client_key()?;
        let armor = context.armor_key.ok_or(PreauthError::NotInsideFast)?;
        let key = armor.cf2(&long_term, b"clientchallengearmor", b"challengelongterm")?;
        let time = KerberosTime::from_unix(context.now.seconds())
            .zip(Microseconds::new(context.now.micros()))
            .ok_or(PreauthError::Clock { now: context.now })?;
        let time = PaEncTsEnc { patimestamp: time.0, pausec: Some(time.1) }.to_der()?;
        let cipher = seal(&key, &time, context);
        let value = EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(&cipher) };
        Ok(vec![PreauthData { pa_type: self.pa_type(), value: value.to_der()? }])
    }

    fn reply_key(
        &mut self,
        padata: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Key, PreauthError> {
        let client = context.client_key()?;
        let challenge = padata.iter().find(|data| data.padata_type == PaDataType::ENCRYPTED_CHALLENGE);
        if let (Some(challenge), Some(armor), Ok(mut seen)) = (challenge, context.armor_key, self.0.lock()) {
            *seen = Some(Recorded {
                armor: armor.secret_bytes().to_vec(),
                client: client.secret_bytes().to_vec(),
                challenge: challenge.padata_value.as_bytes().to_vec(),
            });
        }
        Ok(client)
    }

    fn restart(&mut self) {}
}

fn seal(key: &Key, plaintext: &[u8], context: &mut PreauthContext<'_>) -> Vec<u8> {
    let cipher = key.cipher(KeyUsage::ENCRYPTED_CHALLENGE_CLIENT);
    let mut buffer = vec![0; cipher.header_len()];
    buffer.extend_from_slice(plaintext);
    buffer.resize(plaintext.len() + cipher.overhead(), 0);
    // The buffer has the length that the cipher asks for; otherwise the KDC refuses what comes out.
    let _ = cipher.encrypt_in_place(&mut buffer, context.rng());
    buffer
}
