//! How far the look at the network has come: one line on standard error, on a terminal only.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long nothing is said: most audits are done by then.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line changes.
const EVERY: Duration = Duration::from_millis(250);

/// The names that are done.
#[derive(Debug, Default)]
pub struct Progress(AtomicUsize);

impl Progress {
    /// One more is done.
    pub fn done(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells of it until it is dropped; it never ends by itself.
    pub async fn tell(&self, of: usize, wanted: bool) {
        if !wanted || !std::io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        tokio::time::sleep(PATIENCE).await;
        let _line = Line;
        loop {
            let done = self.0.load(Ordering::Relaxed).min(of);
            let _ = write!(std::io::stderr(), "\r\x1b[Klooking at names: {done} of {of}");
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// The line, which is taken away at the end.
struct Line;

impl Drop for Line {
    fn drop(&mut self) {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
