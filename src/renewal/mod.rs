//! Renewing in place: what is due is ordered with certbot's own account, checked, installed so that certbot never notices, and
//! its hooks are run.
//!
//! [`due`] decides, [`run`] is the course of it, [`order`] gets a certificate and [`received`] looks at it before it goes live;
//! `deploy` runs deploy hooks and `owed` keeps those that have not succeeded, [`backoff`] keeps the failures.

mod account;
pub mod backoff;
mod crowd;
mod deploy;
pub mod due;
mod ending;
mod explain;
mod fallback;
mod jobs;
pub mod key;
mod left;
pub mod order;
mod owed;
mod pending;
mod place;
pub mod received;
pub mod reload;
pub mod run;
mod served;
pub mod solve;
pub mod stage;
mod subset;
mod windows;

use jiff::Timestamp;

use crate::audit::Report;
use crate::facts::Attempt;
use crate::hooks::Ran;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Renewals {
    /// Every lineage, in the order of names.
    pub all: Vec<Renewal>,
    /// What was found out on the way and is about no lineage: what an earlier run had left.
    pub notes: Vec<String>,
    /// The pre and post hooks that ran.
    pub around: Vec<Ran>,
    /// The signal that ended it early.
    pub stopped: Option<u8>,
    /// Where web servers are to pass challenges to.
    pub respond_at: String,
    /// What the audit says of those that failed or are not served; `None` where all is well.
    pub report: Option<Report>,
}

/// What came of one lineage.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    /// Its name.
    pub lineage: String,
    /// What was done.
    pub outcome: Outcome,
    /// Why, or why not.
    pub because: String,
    /// From when on it will be renewed, where it was not.
    pub at: Option<Timestamp>,
    /// What the CA said of each identifier.
    pub attempts: Vec<Attempt>,
    /// What is live now, where it was renewed.
    pub installed: Option<Live>,
    /// Names that its new certificate lacks, since the CA did not validate them and the conf lets them go.
    pub lost: Vec<String>,
    /// The deploy hooks.
    pub hooks: Vec<Ran>,
    /// What servers give.
    pub served: Served,
    /// The web server that passes no challenges on, where that is why it was not renewed.
    pub behind: Option<&'static str>,
    /// What is to be known besides.
    pub notes: Vec<String>,
}

/// What is live since this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// N of the archive's files.
    pub version: u64,
    /// The serial number in lower-case hex.
    pub serial: String,
    /// Its end.
    pub not_after: Timestamp,
    /// Its names, in the order in which they were ordered.
    pub names: Vec<String>,
}

/// What was done about a lineage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Its new certificate is live.
    Renewed,
    /// It is not due.
    #[default]
    NotDue,
    /// It is due, and earlier failures keep it from being tried already.
    HeldBack,
    /// It is due, and the web server passes no challenges on.
    NeedsSnippet,
    /// It is due, and was not renewed.
    Failed,
}

/// Which certificate the host's own server gives for the lineage's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Served {
    /// The new one.
    New,
    /// Still the one before.
    Old,
    /// Another one, or none: nothing can be said. Or the one before, and a routine of the host loads the server anew.
    #[default]
    NotChecked,
}

impl Outcome {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Renewed => "renewed",
            Outcome::NotDue => "not-due",
            Outcome::HeldBack => "held-back",
            Outcome::NeedsSnippet => "needs-snippet",
            Outcome::Failed => "failed",
        }
    }
}

impl Served {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Served::New => "new",
            Served::Old => "old",
            Served::NotChecked => "not-checked",
        }
    }
}

impl Renewals {
    /// 0 all that is due is renewed, 1 a hook failed, before, at or after a renewal, the old certificate is still served or a name was lost, 2 one that is due was
    /// not renewed; 128 and its number after a signal.
    pub fn exit_code(&self) -> u8 {
        if let Some(signal) = self.stopped {
            return signal.saturating_add(128);
        }
        match () {
            () if self.all.iter().any(Renewal::is_failed) => 2,
            () if self.all.iter().any(Renewal::is_lame) => 1,
            // Where a post hook fails, what a pre hook has stopped may not run again.
            () if self.around.iter().any(|ran| ran.code != Some(0)) => 1,
            () => 0,
        }
    }
}

impl Renewal {
    /// It is due, and was not renewed.
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::HeldBack | Outcome::NeedsSnippet | Outcome::Failed)
    }

    /// It is renewed, and not as it should be: a deploy hook failed, the certificate from before is still served, or names were lost.
    pub fn is_lame(&self) -> bool {
        self.served == Served::Old
            || !self.lost.is_empty()
            || self.hooks.iter().any(|ran| ran.code != Some(0))
    }
}
