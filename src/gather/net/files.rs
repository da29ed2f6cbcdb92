//! How many sockets this process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// How many files are kept for everything else.
const KEPT: u64 = 200;

/// How many names are looked at, at once, at most.
const MOST: u64 = 2_000;

/// A name has at most this many sockets open.
const SOCKETS_OF_A_NAME: u64 = 3;

/// Raises the limit as far as that is allowed, and says for how many names at once it is enough.
pub fn at_once() -> usize {
    let wanted = MOST * SOCKETS_OF_A_NAME + KEPT;
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(wanted);
    if limit.current.is_some_and(|now| now < most) {
        limit.current = Some(most);
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let now = getrlimit(Resource::Nofile).current.unwrap_or(wanted);
    usize::try_from((now.saturating_sub(KEPT) / SOCKETS_OF_A_NAME).clamp(4, MOST)).unwrap_or(4)
}
