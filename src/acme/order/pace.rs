//! How long to wait for a CA: as it asks, within bounds, and never for ever.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::acme::refusal::Refusal;
use crate::facts::net::CaFault;

/// The shortest and the longest wait that a CA can ask for.
const FLOOR: Duration = Duration::from_millis(100);
const CEILING: Duration = Duration::from_secs(30);

/// Where the CA asks for none: the first wait, and up to what it doubles.
const FIRST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(1);

/// How much later than the deadline the last answer may come.
const GRACE: Duration = Duration::from_secs(5);

/// The moment at which an order is given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Instant,
    given: Duration,
}

/// The waits between looks at one thing.
#[derive(Debug)]
pub(super) struct Pace {
    deadline: Deadline,
    next: Duration,
}

impl Deadline {
    pub(super) fn new(given: Duration) -> Self {
        Self { at: Instant::now() + given, given }
    }

    /// The same with more time.
    pub(super) fn later(&self, more: Duration) -> Self {
        Self { at: self.at + more, ..*self }
    }

    /// What a request comes to, unless the time is up.
    pub(super) async fn bound<T, E: Into<Refusal>>(
        &self,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Refusal> {
        match timeout_at(self.at + GRACE, request).await {
            Ok(end) => end.map_err(Into::into),
            Err(_) => Err(CaFault::Timeout.into()),
        }
    }

    pub(super) fn pace(&self) -> Pace {
        Pace { deadline: *self, next: FIRST }
    }

    /// The CA has not finished, and wants to be asked again after a time.
    pub(super) fn unfinished(&self, status: &str, again: Option<Duration>) -> Refusal {
        Refusal::Unfinished(status.to_owned(), self.given.as_secs(), again.map(|again| again.as_secs()))
    }
}

impl Pace {
    /// Waits until the next look, which is the last one at the deadline; false where that is over.
    pub(super) async fn wait(&mut self, asked: Option<Duration>) -> bool {
        match self.next(asked, Instant::now()) {
            Some(look) => sleep_until(look).await,
            None => return false,
        }
        true
    }

    fn next(&mut self, asked: Option<Duration>, now: Instant) -> Option<Instant> {
        let wait = match asked {
            Some(asked) => asked.clamp(FLOOR, CEILING),
            None => self.next,
        };
        self.next = MOST.min(self.next * 2);
        (now < self.deadline.at).then(|| self.deadline.at.min(now + wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ca_decides_when_to_look_within_bounds() {
        let begin = Instant::now();
        let mut pace =
            Deadline { at: begin + Duration::from_secs(40), given: Duration::from_secs(40) }.pace();
        let asked =
            [None, None, Some(0), Some(86_400), None, Some(7), Some(7)].map(|s| s.map(Duration::from_secs));
        let mut now = begin;
        let mut looks = Vec::new();
        for asked in asked {
            let Some(look) = pace.next(asked, now) else { break };
            looks.push((look - begin).as_millis());
            now = look;
        }
        assert_eq!(looks, [100, 300, 400, 30_400, 31_400, 38_400, 40_000]);
        assert_eq!(pace.next(None, now), None);
    }

    #[tokio::test]
    async fn nothing_is_awaited_for_ever() {
        let at = Instant::now().checked_sub(GRACE).expect("the machine is up for long");
        let deadline = Deadline { at, given: Duration::from_secs(40) };
        let never = deadline.bound(std::future::pending::<Result<(), Refusal>>()).await;
        assert_eq!(never, Err(CaFault::Timeout.into()));
        let again = Some(Duration::from_secs(3_600));
        assert_eq!(
            deadline.unfinished("processing", again),
            Refusal::Unfinished("processing".into(), 40, Some(3_600))
        );
    }
}
