//! Which triggers renew which lineage, with their firings.

use std::sync::{Arc, Mutex, PoisonError};

use super::firings::{Firings, Period};
use crate::ca::{DAY, HOUR};
use crate::calendar::zone;
use crate::facts::HostFacts;

/// How far back firings are computed, in seconds: further than any certificate has been due that is still valid.
const PAST: i64 = 120 * DAY;

/// How far firings are computed beyond the forecast's end, in seconds: further than the public CAs' certificates live.
const BEYOND: i64 = 120 * DAY;

/// How far ahead firings are computed at least, in seconds.
const LEAST: i64 = 3 * 366 * DAY;

/// The triggers that renew one lineage, or many alike.
#[derive(Debug)]
pub struct Plan {
    /// Their places among the host's triggers.
    triggers: Vec<usize>,
    /// The firings of all of them.
    pub firings: Firings,
    /// The firings of those that renew what is not due.
    pub forced: Option<Firings>,
    /// Firings in 24 hours, at most.
    pub in_a_day: usize,
    /// Firings within an hour, at most.
    pub in_an_hour: usize,
    /// Forced firings in seven days, at most.
    pub forced_in_a_week: usize,
}

/// The plans of a host, each computed when the first lineage asks for it; a copy starts anew.
#[derive(Debug, Default)]
pub struct Plans(Mutex<Vec<Arc<Plan>>>);

impl Clone for Plans {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Plan {
    /// Whether no trigger renews the lineage.
    pub fn is_empty(&self) -> bool {
        self.triggers.is_empty()
    }

    /// The places of its triggers among the host's.
    pub fn triggers(&self) -> &[usize] {
        &self.triggers
    }
}

impl HostFacts {
    /// The triggers that renew a lineage, and when they fire; `None` where the schedule could not be read.
    pub fn plan(&self, lineage: &str) -> Option<Arc<Plan>> {
        let all = self.triggers.as_ref().ok()?;
        let covers = |trigger: &crate::facts::Trigger| {
            trigger.effective() && trigger.covers(lineage, &self.dirs.config)
        };
        let covering: Vec<usize> =
            all.iter().enumerate().filter(|(_, trigger)| covers(trigger)).map(|(at, _)| at).collect();
        let mut plans = self.plans.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = plans.iter().find(|plan| plan.triggers == covering) {
            return Some(known.clone());
        }
        let plan = Arc::new(self.compute(covering));
        plans.push(plan.clone());
        Some(plan)
    }

    fn compute(&self, covering: Vec<usize>) -> Plan {
        let zone = self.time_zone();
        let period = self.period();
        let triggers = || covering.iter().filter_map(|at| self.triggers.as_ref().ok()?.get(*at));
        let firings = Firings::of(triggers(), &zone, period);
        let mut forcing = triggers().filter(|trigger| self.forces(trigger).is_some()).peekable();
        let forced = forcing.peek().is_some().then(|| Firings::of(forcing, &zone, period));
        Plan {
            in_a_day: firings.most_within(DAY),
            in_an_hour: firings.most_within(HOUR),
            forced_in_a_week: forced.as_ref().map_or(0, |forced| forced.most_within(7 * DAY)),
            firings,
            forced,
            triggers: covering,
        }
    }

    /// The host's time zone; UTC where it is not known.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        self.zone.as_ref().map_or(jiff::tz::TimeZone::UTC, zone::of_host)
    }

    /// The period of the forecast.
    pub fn period(&self) -> Period {
        let now = self.now.as_second();
        let horizon = self.terms.horizon(self.now).as_second().max(now);
        // Also for a short forecast the gaps between rare firings must be seen.
        let until = horizon.max(now.saturating_add(LEAST)).saturating_add(BEYOND);
        Period { from: now.saturating_sub(PAST), now, until, horizon }
    }
}
