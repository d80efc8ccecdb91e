//! Makes the Python environment with the peers of PyPI that the live tests need, and prints its interpreter.

fn main() -> anyhow::Result<()> {
    println!("{}", interop::venv::make()?.display());
    Ok(())
}
