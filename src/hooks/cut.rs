//! What cuts hooks short.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends the hook that runs, with all that it started. Shared with whoever runs hooks.
#[derive(Clone, Debug, Default)]
pub struct Cut(Arc<watch::Sender<usize>>);

impl Cut {
    /// Ends the one that runs now; one that is begun later is not ended by this call.
    pub fn now(&self) {
        self.0.send_modify(|calls| *calls += 1);
    }

    /// Whether that was ever asked for.
    pub fn was_asked_for(&self) -> bool {
        self.calls() > 0
    }

    /// Waits until it is asked for once more.
    pub async fn next(&self) {
        let mut calls = self.0.subscribe();
        // Nobody else can send: the sender is ours.
        let _ = calls.changed().await;
    }

    pub(super) fn calls(&self) -> usize {
        *self.0.borrow()
    }
}
