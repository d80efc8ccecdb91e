//! Messages over an established context: content, sequence, tampering.

use anyhow::{Context, Result, ensure};
use interop::endpoint::Endpoint;

const SIZES: &[usize] = &[0, 1, 15, 16, 17, 65536];

/// Sends messages of every size both ways, and some that must be refused.
pub(crate) fn exchange(initiator: &mut Endpoint, acceptor: &mut Endpoint) -> Result<()> {
    one_way(initiator, acceptor).context("initiator to acceptor")?;
    one_way(acceptor, initiator).context("acceptor to initiator")
}

fn one_way(from: &mut Endpoint, to: &mut Endpoint) -> Result<()> {
    for &size in SIZES {
        content(from, to, size).with_context(|| format!("message of {size} bytes"))?;
    }
    sequence(from, to).context("sequence")?;
    tampering(from, to).context("tampering")
}

fn content(from: &mut Endpoint, to: &mut Endpoint, size: usize) -> Result<()> {
    let message = message(size);
    for conf in [true, false] {
        let token = from.wrap(&message, conf)?;
        let opened = to.unwrap(&token).with_context(|| format!("conf: {conf}"))?;
        assert_eq!((opened.status.as_str(), opened.conf), ("ok", Some(conf)));
        ensure!(opened.data.as_deref() == Some(&message), "another message came, conf: {conf}");
        if conf && size >= 15 {
            ensure!(!contains(&token, &message), "the message shows in the sealed token");
        }
    }
    let mic = from.mic(&message)?;
    assert_eq!(to.verify_mic(&message, &mic)?, "ok");
    Ok(())
}

/// RFC 2743 section 1.2.3: what is missed, late or twice is told apart.
fn sequence(from: &mut Endpoint, to: &mut Endpoint) -> Result<()> {
    let tokens = [1, 2, 3, 4].map(|length| (message(length), from.wrap(&message(length), true)));
    let order = [(0, "ok"), (0, "duplicate"), (2, "gap"), (1, "unseq"), (2, "duplicate"), (3, "ok")];
    for (index, status) in order {
        let (message, token) = &tokens[index];
        let token = token.as_deref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let opened = to.unwrap(token).with_context(|| format!("message {index} as {status}"))?;
        assert_eq!(opened.status, status, "message {index}");
        ensure!(opened.data.is_none_or(|data| data == *message), "another message came");
    }
    Ok(())
}

fn tampering(from: &mut Endpoint, to: &mut Endpoint) -> Result<()> {
    let message = message(40);
    for conf in [true, false] {
        let token = from.wrap(&message, conf)?;
        for index in [token.len() / 2, token.len() - 1] {
            let mut changed = token.clone();
            changed[index] ^= 1;
            refused(to.unwrap(&changed), "GSS_S_BAD_")
                .with_context(|| format!("byte {index}, conf: {conf}"))?;
        }
        let cut = to.unwrap(&token[..token.len() - 1]);
        refused(cut, "GSS_S_").context("a byte missing")?;
        refused(from.unwrap(&token), "GSS_S_").context("the sender's own message")?;
        // What was refused has not moved the window.
        assert_eq!(to.unwrap(&token)?.status, "ok");
    }
    let mic = from.mic(&message)?;
    let mut changed = message.clone();
    changed[7] ^= 0x80;
    refused(to.verify_mic(&changed, &mic), "GSS_S_BAD_").context("another message under the same MIC")?;
    refused(from.verify_mic(&message, &mic), "GSS_S_").context("the sender's own MIC")?;
    assert_eq!(to.verify_mic(&message, &mic)?, "ok");
    Ok(())
}

fn refused<T: core::fmt::Debug>(result: Result<T>, major: &str) -> Result<()> {
    match result {
        Ok(value) => anyhow::bail!("accepted: {value:?}"),
        Err(error) if error.to_string().contains(major) => Ok(()),
        Err(error) => Err(error.context(format!("refused, but not with {major}"))),
    }
}

/// Bytes that differ along the message and between sizes.
fn message(size: usize) -> Vec<u8> {
    (0..size).map(|index| u8::try_from((index * 7 + index / 256 + size) % 256).unwrap()).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
