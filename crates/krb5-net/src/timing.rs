//! How long servers are waited for.

use core::time::Duration;

/// How long servers are waited for. The default is what MIT krb5 does, with an end to it.
///
/// Servers are asked one after the other, each [`step`](Self::step) after the one before, while answers of all of them
/// are listened to. When all have been asked there is a [`pause`](Self::pause); then those asked by UDP are asked again,
/// [`passes`](Self::passes) times in all, with a pause of twice the length after each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From asking one server to asking the next; 1 second. A server that refuses ends it early.
    pub step: Duration,
    /// The wait after the first pass, which doubles with each further one; 2 seconds.
    pub pause: Duration,
    /// How often servers are asked by UDP; 3.
    pub passes: u8,
    /// How long a server that took the connection is waited for before others are asked as well; 10 seconds. (MIT krb5
    /// waits for ever.)
    pub patience: Duration,
    /// The end of it all, look-ups included; 60 seconds. krb5.conf's `request_timeout` counts where the program says
    /// nothing.
    pub limit: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(1),
            pause: Duration::from_secs(2),
            passes: 3,
            patience: Duration::from_secs(10),
            limit: Duration::from_secs(60),
        }
    }
}
