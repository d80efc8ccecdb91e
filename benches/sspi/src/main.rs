//! The side of crate sspi in the benchmarks of NTLM, driven by lines on stdin as MIT's is.
//!
//! One request a line, words separated by one space, byte strings in hex. One answer a line: `ok`, with values
//! behind it, or `error` and what failed. The loops answer with the nanoseconds of CPU time that all rounds took.
//!
//! ```text
//! account USER DOMAIN HEX     who logs on with the password HEX, or with the hash of one: `#` and HEX
//! challenge HEX               what the loop of initiate answers
//! initiate N                  N NEGOTIATEs made, challenges answered and contexts dropped
//! accept N                    N clients challenged, their answers checked, contexts dropped
//! negotiate                   begins a login and keeps it
//! authenticate HEX            answers the challenge
//! take-negotiate HEX          begins a login with another side's message and keeps it
//! take-authenticate HEX       checks the answer
//! message HEX                 what the following work on: a message, or a token
//! seal-one, mic-one           by the context that was kept
//! open-one, verify-one HEX    the same for what the other side made
//! seal N, open N, mic N       EncryptMessage, DecryptMessage, MakeSignature between two contexts of its own
//! ```

mod login;
mod messages;

use anyhow::{Context as _, Result, bail};
use core::hint::black_box;
use core::time::Duration;
use login::Account;
use rustix::time::{ClockId, clock_gettime};
use sspi::Ntlm;
use std::io::{BufRead as _, Write as _};

/// Logins that are begun before the clock runs.
const BATCH: u64 = 64;

fn main() -> Result<()> {
    let mut side = Side::default();
    for line in std::io::stdin().lock().lines() {
        let answer = match side.answer(&line?) {
            Ok(values) if values.is_empty() => "ok".to_owned(),
            Ok(values) => format!("ok {values}"),
            Err(error) => format!("error {error:#}").replace('\n', " "),
        };
        let mut output = std::io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

#[derive(Default)]
struct Side {
    account: Option<Account>,
    challenge: Vec<u8>,
    kept: Ntlm,
    message: Vec<u8>,
}

impl Side {
    fn answer(&mut self, line: &str) -> Result<String> {
        let words: Vec<_> = line.split(' ').collect();
        match *words {
            ["account", user, domain, secret] => {
                let secret = match secret.strip_prefix('#') {
                    Some(hash) => format!("{}{hash}", sspi::NTLM_HASH_PREFIX),
                    None => String::from_utf8(from_hex(secret)?)?,
                };
                self.account = Some(Account::new(user, domain, secret)?);
            }
            ["challenge", bytes] => self.challenge = from_hex(bytes)?,
            ["message", bytes] => self.message = from_hex(bytes)?,
            ["negotiate"] => {
                self.kept = Ntlm::new();
                let (account, kept) = self.login()?;
                return Ok(hex(&account.initiate(kept, Vec::new())?));
            }
            ["authenticate", bytes] => {
                let (account, kept) = self.login()?;
                return Ok(hex(&account.initiate(kept, from_hex(bytes)?)?));
            }
            ["take-negotiate", bytes] => {
                self.kept = Ntlm::new();
                let (account, kept) = self.login()?;
                return Ok(hex(&account.challenge(kept, from_hex(bytes)?)?));
            }
            ["take-authenticate", bytes] => {
                let (account, kept) = self.login()?;
                account.check(kept, from_hex(bytes)?)?;
            }
            ["seal-one"] => return Ok(hex(&messages::seal(&mut self.kept, &self.message)?)),
            ["open-one"] => return Ok(hex(&messages::open(&mut self.kept, &self.message)?)),
            ["mic-one", number] => {
                return Ok(hex(&messages::mic(&mut self.kept, &self.message, number.parse()?)?));
            }
            ["verify-one", mic, number] => {
                messages::verify(&mut self.kept, &self.message, from_hex(mic)?, number.parse()?)?;
            }
            [work, count] => return Ok(self.timed(work, count.parse()?)?.as_nanos().to_string()),
            _ => bail!("no such request"),
        }
        Ok(String::new())
    }

    fn login(&mut self) -> Result<(&mut Account, &mut Ntlm)> {
        Ok((self.account.as_mut().context("no account")?, &mut self.kept))
    }

    fn timed(&mut self, work: &str, count: u64) -> Result<Duration> {
        let account = self.account.as_mut().context("no account")?;
        match work {
            "initiate" => timed(|| {
                (0..count).try_for_each(|_| {
                    let mut ntlm = Ntlm::new();
                    black_box(account.initiate(&mut ntlm, Vec::new())?);
                    black_box(account.initiate(&mut ntlm, self.challenge.clone())?);
                    Ok(())
                })
            }),
            "accept" => in_batches(count, |size| accept(account, size)),
            "seal" => messages::seal_loop(&mut pair(account)?.0, &self.message, count),
            "mic" => messages::mic_loop(&mut pair(account)?.0, &self.message, count),
            "open" => {
                let (mut sender, mut receiver) = pair(account)?;
                in_batches(count, |size| {
                    messages::open_batch(&mut sender, &mut receiver, &self.message, size)
                })
            }
            _ => bail!("no such request"),
        }
    }
}

/// Challenges as many clients and checks what they answer. The clients' own work is not in the time.
fn accept(account: &mut Account, size: u64) -> Result<Duration> {
    let mut clients = Vec::new();
    let mut negotiates = Vec::new();
    for _ in 0..size {
        let mut client = Ntlm::new();
        negotiates.push(account.initiate(&mut client, Vec::new())?);
        clients.push(client);
    }
    let mut servers = Vec::new();
    let mut elapsed = timed(|| {
        for negotiate in negotiates {
            let mut server = Ntlm::new();
            let challenge = account.challenge(&mut server, negotiate)?;
            servers.push((server, challenge));
        }
        Ok(())
    })?;
    let mut answered = Vec::new();
    for (mut client, (server, challenge)) in clients.into_iter().zip(servers) {
        answered.push((server, account.initiate(&mut client, challenge)?));
    }
    elapsed += timed(|| {
        for (mut server, authenticate) in answered {
            account.check(&mut server, authenticate)?;
            drop(black_box(server));
        }
        Ok(())
    })?;
    Ok(elapsed)
}

/// Both ends of one context.
fn pair(account: &mut Account) -> Result<(Ntlm, Ntlm)> {
    let (mut client, mut server) = (Ntlm::new(), Ntlm::new());
    let negotiate = account.initiate(&mut client, Vec::new())?;
    let challenge = account.challenge(&mut server, negotiate)?;
    let authenticate = account.initiate(&mut client, challenge)?;
    account.check(&mut server, authenticate)?;
    Ok((client, server))
}

/// CPU time that this thread spent on `work`, in user mode and in the kernel.
pub(crate) fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime));
    let start = now()?;
    work()?;
    Ok(now()?.saturating_sub(start))
}

fn in_batches(mut count: u64, mut batch: impl FnMut(u64) -> Result<Duration>) -> Result<Duration> {
    let mut elapsed = Duration::ZERO;
    while count > 0 {
        let size = count.min(BATCH);
        elapsed += batch(size)?;
        count -= size;
    }
    Ok(elapsed)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(core::str::from_utf8(pair)?, 16)?)).collect()
}
