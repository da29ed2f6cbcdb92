//! Signals that would end this process while it has something to take back first.

use tokio::signal::unix::{SignalKind, signal};

/// Lets a write beyond the limit on the size of files fail, instead of ending this process (`RLIMIT_FSIZE` in setrlimit(2)).
/// Needs the context of a runtime.
pub fn outlive_the_file_limit() {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // A handler stays when nobody listens any more. Without one the signal ends this process, as it does by default.
    drop(signal(kind));
}

/// The number of the signal that asks this process to end: `SIGINT`, `SIGTERM` or `SIGHUP`. It never ends without one.
pub async fn asked_to_end() -> u8 {
    let one = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without a handler the signal ends this process by itself.
            Err(_) => std::future::pending().await,
        };
        u8::try_from(kind.as_raw_value()).unwrap_or(0)
    };
    tokio::select! {
        number = one(SignalKind::interrupt()) => number,
        number = one(SignalKind::terminate()) => number,
        number = one(SignalKind::hangup()) => number,
    }
}
