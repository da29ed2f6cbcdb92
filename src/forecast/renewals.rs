//! The coming renewals of a lineage, one after the other, as its schedule and the CA's announced dates have it.

use super::course::{Because, Course, Due, Validity};
use super::plan::Plan;

/// How many renewals are followed: more than any CA lets one lineage have in three years.
const MOST: usize = 5_000;

/// One renewal that is to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renewal {
    /// The certificate that is replaced.
    pub old: Validity,
    /// When that becomes due.
    pub due: Due,
    /// How many attempts fit from then on until it has expired.
    pub attempts: u32,
    /// The second of the first attempt; `None` where none comes in time.
    pub at: Option<i64>,
    /// The certificate that is then issued.
    pub new: Validity,
    /// Where it is written that it lives so long, where that is a date's doing.
    pub source: Option<&'static str>,
    /// The CA validates the names anew instead of using an earlier validation again.
    pub validates: bool,
}

/// Follows the renewals from a certificate on.
pub struct Renewals<'p> {
    course: Course,
    plan: &'p Plan,
    cert: Option<Validity>,
    now: i64,
    until: i64,
    left: usize,
    /// When the CA last validated the names; the certificate at hand is taken to have been validated anew.
    validated: i64,
}

impl<'p> Renewals<'p> {
    /// The renewals after `now` and until `until`, in seconds since the epoch.
    pub fn new(course: Course, plan: &'p Plan, cert: Validity, now: i64, until: i64) -> Self {
        Self { course, plan, cert: Some(cert), now, until, left: MOST, validated: cert.from }
    }
}

impl Iterator for Renewals<'_> {
    type Item = Renewal;

    fn next(&mut self) -> Option<Renewal> {
        self.left = self.left.checked_sub(1)?;
        let old = self.cert.take()?;
        let due = self.course.due(old)?;
        let forced = self
            .plan
            .forced
            .as_ref()
            .and_then(|firings| firings.first(self.now.max(old.from.saturating_add(1))));
        let firings = &self.plan.firings;
        let forced_attempts =
            self.plan.forced.as_ref().map_or(0, |f| f.between(old.from.saturating_add(1), old.to));
        let attempts = firings.between(due.by, old.to).max(forced_attempts);
        let usual = firings.first(due.by.max(self.now));
        let (at, because) = match (forced, usual) {
            (Some(forced), usual) if usual.is_none_or(|usual| forced < usual) => {
                (Some(forced), Because::Forced)
            }
            (_, usual) => (usual, due.because),
        };
        let due = match because {
            Because::Forced => Due { at: old.from, by: at.unwrap_or(due.by), because },
            _ => due,
        };
        if at.unwrap_or(due.by) > self.until {
            return None;
        }
        let at = at.filter(|at| *at < old.to);
        let (new, source) = self.course.next(old, at.unwrap_or(old.to));
        self.cert = at.map(|_| new);
        self.now = at.map_or(self.now, |at| at.saturating_add(1));
        let validates = self.course.validates(new.from, new.from.saturating_sub(self.validated));
        if validates {
            self.validated = new.from;
        }
        Some(Renewal { old, due, attempts, at, new, source, validates })
    }
}
