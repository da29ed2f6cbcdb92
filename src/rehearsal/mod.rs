//! The dry run: a challenge is published as the lineage's own client would, and then looked for by the CA's rules.
//!
//! A [`Plan`] says what is tried and how, and what cannot be; [`run`] is the course of it: [`local`] publishes and walks from here,
//! [`ca`] lets a CA do it. The cause of a failure is the id of a check, and [`news`] tell how far it has come.

pub mod beside;
pub mod ca;
mod case;
pub mod local;
pub mod news;
mod orders;
mod plan;
mod port;
mod publish;
pub mod run;
mod said;
mod told;
mod verdict;

pub use beside::Beside;
pub use case::Case;
pub use publish::{Publisher, Unpublished};

pub use plan::{Means, Plan, Target, Untested};

use crate::audit::Report;
use crate::facts::{Attempt, Vantage};

/// What came of it.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// Every attempt, in the order of lineages and names.
    pub attempts: Vec<Attempt>,
    /// What was not tried.
    pub untested: Vec<Untested>,
    /// What the CA's tests leave out, as far as it could be looked at.
    pub beside: Vec<Beside>,
    /// The signal that ended it early; everything that was published is taken back then, too.
    pub stopped: Option<u8>,
    /// The audit of the same lineages, with what the rehearsal showed.
    pub report: Option<Report>,
}

/// Whether an attempt counts as failed: not where the CA proved what this host could not.
fn failed(all: &[Attempt], attempt: &Attempt) -> bool {
    let outranks = |other: &Attempt| {
        attempt.vantage == Vantage::ThisHost
            && other.vantage == Vantage::Ca
            && other.ok
            && other.lineage == attempt.lineage
            && other.identifier == attempt.identifier
    };
    !attempt.ok && !all.iter().any(outranks)
}

impl Rehearsal {
    /// 0 all passed, 2 any failed for sure, 1 passed with something that matters left untested, or found beside it; 128 and its number after a signal.
    pub fn exit_code(&self) -> u8 {
        if let Some(signal) = self.stopped {
            return signal.saturating_add(128);
        }
        let mut failed = self.failed().peekable();
        match () {
            () if failed.peek().is_some() => {
                if failed.any(|attempt| attempt.may_pass.is_none()) {
                    2
                } else {
                    1
                }
            }
            () if self.untested.iter().any(|untested| untested.matters)
                || self.beside.iter().any(|beside| !beside.is_well())
                || self.attempts.is_empty() =>
            {
                1
            }
            () => 0,
        }
    }

    /// The attempts that count as failed.
    pub fn failed(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|attempt| failed(&self.attempts, attempt))
    }
}
