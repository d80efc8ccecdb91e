//! The demonstration, with the stock programs that it says can log in.

use anyhow::{Context, Result, ensure};
use interop::gssctl::Demo;
use interop::peer;
use interop::site::Site;

/// The lines to paste: for the stock programs, and for `gssctl`.
fn pasted(told: &str) -> Result<(String, String)> {
    let (_, behind) = told.split_once("with MIT's programs and curl:").context("lines for MIT's programs")?;
    let (stock, ours) = behind.split_once("or with this one:").context("lines for gssctl")?;
    let variables = stock.lines().find(|line| line.starts_with("export ")).context("variables")?;
    Ok((stock.to_owned(), format!("{variables}\n{ours}")))
}

#[test]
fn its_lines_can_be_pasted() -> Result<()> {
    let site = Site::new()?;
    let demo = Demo::start(&site)?;
    let told = demo.told()?;
    ensure!(told.contains("Bound to the channel: yes"), "{told}");
    let (stock, ours) = pasted(&told)?;
    for lines in [stock, ours] {
        let output = peer::succeed(&mut Demo::shell(&site, &lines)?, b"").context(lines)?;
        ensure!(output.contains("You are alice@EXAMPLE.COM"), "{output}");
    }
    Ok(())
}
