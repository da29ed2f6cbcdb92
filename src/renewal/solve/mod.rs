//! What answers the challenges of a lineage whose conf names hooks of `manual` or a server that takes dynamic updates, or whose port
//! of HTTP-01 somebody else has.
//!
//! [`manual`] runs hooks and [`rfc2136`] sends updates, each as certbot would; [`propagation`] waits until the zone's own servers have
//! a record; [`ports`] finds a port for TLS-ALPN-01, which certbot has not. Whatever stands is taken back when the CA is done, by
//! [`Solver::end`] where a run ends before, and by the next run where one was killed: it is in the [`journal`] from before it is
//! published.

mod desk;
pub mod journal;
mod left;
pub mod manual;
mod of;
pub mod ports;
pub mod propagation;
pub mod rfc2136;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use self::manual::Manual;
use self::propagation::Propagation;
use self::rfc2136::Rfc2136;
use crate::acme::Answer;
use crate::challenge::tls_alpn::Responder;

pub use self::desk::Counter;
pub use self::left::Settled;
pub use self::of::Solvers;

/// What publishes for one lineage.
pub struct Solver {
    way: Way,
    propagation: Propagation,
    notes: Mutex<Vec<String>>,
}

enum Way {
    Manual {
        hooks: Arc<Manual>,
        /// Hooks of several lineages never stand at the same time: those that were written for certbot may count on it.
        turns: Arc<Turn<()>>,
        turn: Mutex<Option<OwnedMutexGuard<()>>>,
    },
    Rfc2136(Box<Rfc2136>),
    TlsAlpn {
        responder: Arc<Responder>,
        /// The names that it shows certificates for.
        shown: Mutex<Vec<String>>,
    },
}

impl Solver {
    /// What shows certificates at a listener that lineages share.
    pub fn over_tls(responder: Arc<Responder>) -> Self {
        let propagation = Propagation { zones: None, within: Duration::ZERO, blind: Duration::ZERO };
        Self {
            way: Way::TlsAlpn { responder, shown: Mutex::default() },
            propagation,
            notes: Mutex::default(),
        }
    }

    /// Publishes, and waits until the CA can see it.
    ///
    /// # Errors
    /// Why something cannot be published. A hook that fails is only told: the CA is asked all the same, as by certbot.
    pub async fn publish(&self, answers: &[Answer]) -> Result<(), String> {
        let published = match &self.way {
            Way::Manual { hooks, turns, turn } => {
                let mine = turns.clone().lock_owned().await;
                *turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(mine);
                let (hooks, all) = (hooks.clone(), answers.to_vec());
                let performed = tokio::task::spawn_blocking(move || hooks.perform(&all)).await;
                let (published, notes) = performed.map_err(|e| format!("the hooks cannot be run: {e}"))?;
                self.note(notes);
                published
            }
            Way::Rfc2136(zone) => {
                for answer in answers {
                    zone.publish(answer).await?;
                }
                answers.to_vec()
            }
            Way::TlsAlpn { responder, shown } => {
                let names = responder.plant(answers).await?;
                shown.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
                return Ok(());
            }
        };
        self.note(self.propagation.wait(&published).await);
        Ok(())
    }

    /// Takes back what stands.
    pub async fn take_back(&self) {
        match &self.way {
            Way::Manual { hooks, turn, .. } => {
                let hooks = hooks.clone();
                if let Ok(notes) = tokio::task::spawn_blocking(move || hooks.clean_up()).await {
                    self.note(notes);
                }
                turn.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            Way::Rfc2136(zone) => self.note(zone.take_back().await),
            Way::TlsAlpn { responder, shown } => {
                let names = std::mem::take(&mut *shown.lock().unwrap_or_else(PoisonError::into_inner));
                responder.remove(&names);
            }
        }
    }

    /// The same at the end of a run, whatever is under way; nothing is published any more.
    pub async fn end(&self) {
        match &self.way {
            Way::Manual { hooks, .. } => hooks.stop(),
            Way::TlsAlpn { responder, .. } => responder.end().await,
            Way::Rfc2136(_) => {}
        }
        self.take_back().await;
    }

    /// What is to be known.
    pub fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, notes: Vec<String>) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).extend(notes);
    }
}
