//! `gssctl kdestroy`: away with tickets.

use crate::kerberos::Local;
use anyhow::{Result, bail};
use krb5_net::cache::CacheError;

/// Removes a credential cache and all tickets in it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The cache, like FILE:/tmp/tickets or KCM:; default: KRB5CCNAME, then the usual place
    #[arg(short, long, value_name = "NAME")]
    cache: Option<String>,
    /// Remove all caches of the folder or daemon
    #[arg(short = 'A', long)]
    all: bool,
}

/// Removes it, or them.
///
/// # Errors
/// There is none, or it cannot be removed.
pub fn run(arguments: &Arguments) -> Result<()> {
    let local = Local::open(false)?;
    let collection = local.collection(arguments.cache.as_deref())?;
    if !arguments.all {
        let cache = collection.primary()?;
        cache.destroy()?;
        println!("removed {}", cache.name());
        return Ok(());
    }
    let caches = collection.caches()?;
    if caches.is_empty() {
        bail!("{} has no caches", collection.name());
    }
    for cache in caches {
        match cache.destroy() {
            Ok(()) => println!("removed {}", cache.name()),
            // Somebody else was faster.
            Err(CacheError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
