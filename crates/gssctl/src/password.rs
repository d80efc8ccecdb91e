//! Passwords: from a file, from standard input, or asked for at the terminal.

use crate::source;
use anyhow::{Context, Result, bail};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Most bytes of a password on standard input, its end of line included.
const MAX_PASSWORD: usize = 4096;

/// The first line of a file, or of standard input if the name is `-`.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>> {
    let content = if path.as_os_str() == "-" {
        standard_input().and_then(first_line).context("cannot read the password from standard input")?
    } else {
        source::read(path, "password")?
    };
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = core::str::from_utf8(line).context("the password is not UTF-8")?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A password from the file, or from the terminal if there is none.
pub(crate) fn obtain(file: Option<&Path>, prompt: &str) -> Result<Zeroizing<String>> {
    match file {
        Some(path) => read(path),
        None => ask(prompt),
    }
}

/// A new password, which has to be typed twice at the terminal.
pub(crate) fn obtain_new(file: Option<&Path>) -> Result<Zeroizing<String>> {
    if let Some(path) = file {
        return read(path);
    }
    let first = ask("New password: ")?;
    let second = ask("New password again: ")?;
    if *first != *second {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).context(
        "there is no terminal to ask for a password; --password-file FILE reads it (- for standard input)",
    )
}

/// Reads a line that holds a secret.
fn first_line(mut input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Never grows: growing leaves a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD));
    let mut byte = Zeroizing::new([0]);
    while !line.ends_with(b"\n") && input.read(&mut *byte)? == 1 {
        if line.len() == MAX_PASSWORD {
            return Err(io::Error::other(format!("line has more than {MAX_PASSWORD} bytes")));
        }
        line.extend_from_slice(&*byte);
    }
    Ok(line)
}

/// Standard input without the buffer that the library keeps for the process: nobody wipes what is in that.
#[cfg(unix)]
fn standard_input() -> io::Result<impl Read> {
    use std::os::fd::AsFd;
    io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<impl Read> {
    Ok(io::stdin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        for content in ["secret", "secret\n", "secret\r\nmore\n"] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(*read(&file).unwrap(), "secret");
        }
        std::fs::write(&file, b"\xff\n").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("not UTF-8"));
    }

    #[test]
    fn long_lines_are_refused() {
        assert_eq!(&*first_line(&b"secret\nmore"[..]).unwrap(), b"secret\n");
        let error = first_line(&[b'a'; MAX_PASSWORD + 1][..]).unwrap_err();
        assert!(error.to_string().contains("4096 bytes"), "{error}");
    }
}
