//! Unpacks Heimdal's programs for the live tests, and prints their folder.

fn main() -> anyhow::Result<()> {
    println!("{}", interop::heimdal::make()?.display());
    Ok(())
}
