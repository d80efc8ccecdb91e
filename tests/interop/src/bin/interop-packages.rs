//! Prints the Debian packages that the live tests need, one per line.

fn main() {
    for name in interop::packages::names() {
        println!("{name}");
    }
}
