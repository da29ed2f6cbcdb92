//! Names that several orders of a run have: no more of those orders are under way at once than may still fail, so that a name
//! that does is not tried into the CA's limit by one run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::backoff::names;
use super::jobs::Job;

/// The orders at each such name and its CA.
pub(super) struct Crowds<'a>(BTreeMap<(&'a str, &'a str), Crowd>);

/// The orders with one name.
struct Crowd {
    /// How many may still begin.
    places: Semaphore,
    /// How many may still fail: those that are under way, and those that may begin.
    room: AtomicUsize,
}

/// What an order holds at each crowded name while it is under way.
pub(super) struct Entered<'c>(Vec<(&'c str, &'c Crowd, Option<SemaphorePermit<'c>>)>);

impl<'a> Crowds<'a> {
    /// Those of some orders.
    pub(super) fn of(jobs: &[&'a Job<'_>], state_dir: &Path) -> Self {
        let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for job in jobs {
            for name in &job.case.identifiers {
                *times.entry((&job.server, name)).or_default() += 1;
            }
        }
        let crowded = times.into_iter().filter(|(_, times)| *times > 1).map(|(of, _)| of);
        let crowd = |(server, name)| {
            let room = names::room(state_dir, server, name, Timestamp::now());
            Crowd { places: Semaphore::new(room), room: AtomicUsize::new(room) }
        };
        Self(crowded.map(|of| (of, crowd(of))).collect())
    }

    /// Waits for a place at each crowded name of an order; `None` where it has no such name. All orders do so in the names' order,
    /// so that none waits for another one that waits for it.
    pub(super) async fn enter(&self, job: &Job<'_>) -> Option<Entered<'_>> {
        let mut entered = Vec::new();
        for (&(server, name), crowd) in &self.0 {
            if server == job.server && job.case.identifiers.iter().any(|own| own == name) {
                entered.push((name, crowd, crowd.places.acquire().await.ok()));
            }
        }
        (!entered.is_empty()).then_some(Entered(entered))
    }
}

impl Entered<'_> {
    /// Lets others in: one less than before where the name has failed, and at last one at a time.
    pub(super) fn leave(self, refused: &[String]) {
        for (name, crowd, place) in self.0 {
            if crowd.room.load(Ordering::Relaxed) > 1
                && let Some(place) = place.filter(|_| refused.iter().any(|refused| refused == name))
            {
                crowd.room.fetch_sub(1, Ordering::Relaxed);
                place.forget();
            }
        }
    }
}
