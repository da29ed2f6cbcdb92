//! When a lineage becomes due, which attempts will be made then, and until when that goes well.

mod course;
mod firings;
mod interval;
mod missed;
mod plan;
mod renewals;

use jiff::Timestamp;

pub use course::{Because, Course, Due, Validity, certbot_release};
pub use firings::{Firings, Period};
pub use interval::interval_seconds;
pub use plan::{Plan, Plans};
pub use renewals::{Renewal, Renewals};

use crate::facts::{Fact, HostFacts, Lineage, Missing, Role, Trigger, Why};
use course::judged;
pub(crate) use course::moment;

/// When a lineage becomes due and what its schedule makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The earliest moment; `None` when it never becomes due.
    pub due_at: Option<Timestamp>,
    /// The latest moment: with renewal information certbot draws one in the CA's window anew at every run.
    pub due_by: Option<Timestamp>,
    /// Which rule makes it due.
    pub due_because: Because,
    /// What the schedule makes of it; `None` where the schedule, or when it fires, is not known.
    pub outlook: Option<Outlook>,
    /// What decides of its coming certificates.
    pub course: Course,
    /// The certificate that is judged.
    pub cert: Validity,
}

/// What a schedule makes of a lineage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Attempts from the day it becomes due, or from now where that is past, until its certificate expires.
    pub attempts: u32,
    /// Attempts in all of the time in which the certificate is due.
    pub window: u32,
    /// The schedule names a time within it, which a delay may lead beyond its end.
    pub perhaps: bool,
    /// Whether any trigger renews it at all.
    pub covered: bool,
    /// Seconds between two attempts, at most, delays included.
    pub largest_gap: Option<i64>,
    /// Attempts in 24 hours, at most.
    pub in_a_day: usize,
    /// Attempts within an hour, at most.
    pub in_an_hour: usize,
    /// Renewals that are forced though nothing is due, in seven days, at most.
    pub forced_in_a_week: usize,
    /// The first renewal for which too few attempts fit.
    pub stops: Option<Renewal>,
    /// The first certificate that no attempt renews in time.
    pub lost: Option<Renewal>,
    /// The moment at which its CA's limit for one set of names is reached.
    pub limited: Option<i64>,
}

/// What is lost within so many seconds is no longer one of many things that may come.
const SOON: i64 = 30 * 86_400;

impl Outlook {
    /// Whether the schedule, too thin as it is, may still renew in time: some attempts fit or may fit.
    pub fn may_do(&self, now: Timestamp) -> bool {
        (self.window > 0 || self.perhaps) && !self.loses_soon(now)
    }

    /// Whether a certificate is lost within thirty days unless somebody acts.
    fn loses_soon(&self, now: Timestamp) -> bool {
        self.lost.is_some_and(|lost| lost.old.to.saturating_sub(now.as_second()) <= SOON)
    }
}

/// The forecast for `lineage`, or `None` where its conf or certificate could not be read.
pub fn forecast(lineage: &Lineage, host: &HostFacts) -> Option<Forecast> {
    let conf = lineage.conf.as_ref().ok()?;
    let cert = judged(lineage)?;
    let course = Course::new(lineage, conf, host);
    let plan = host.plan(&lineage.name).filter(|plan| !plan.firings.untimed);
    let due = course.due(cert);
    let outlook = plan.as_ref().zip(due).map(|(plan, due)| outlook(lineage, host, course, cert, due, plan));
    let (due_at, due_by, due_because) = match due {
        None => (None, None, Because::AutorenewOff),
        Some(_) if cert.to <= host.now.as_second() => {
            let end = moment(cert.to);
            (Some(end), Some(end), Because::Expired)
        }
        Some(due) => {
            let forced = plan.as_ref().and_then(|plan| plan.forced.as_ref()?.first(host.now.as_second()));
            match forced.filter(|at| *at < due.at) {
                Some(at) => (Some(moment(at)), Some(moment(at)), Because::Forced),
                None => (Some(moment(due.at)), Some(moment(due.by)), due.because),
            }
        }
    };
    Some(Forecast { due_at, due_by, due_because, outlook, course, cert })
}

/// What decides of a lineage by the newest certbot's rules, whichever is installed: for renewals that none of them makes. `None`
/// where its conf or its certificate cannot be read.
pub fn newest_rules(lineage: &Lineage, host: &HostFacts) -> Option<(Course, Validity)> {
    let conf = lineage.conf.as_ref().ok()?;
    Some((Course::of_release(None, lineage, conf, host), judged(lineage)?))
}

fn outlook(
    lineage: &Lineage,
    host: &HostFacts,
    course: Course,
    cert: Validity,
    due: Due,
    plan: &Plan,
) -> Outlook {
    let period = host.period();
    let enough = host.terms.enough_for(&lineage.name);
    let limits = course.limits();
    let (mut stops, mut lost, mut limited) = (None, None, None);
    // The last few moments of issue, for the limit on certificates of the same names.
    let mut issued: std::collections::VecDeque<i64> = std::collections::VecDeque::new();
    for renewal in Renewals::new(course, plan, cert, period.now, period.horizon) {
        if stops.is_none() && renewal.attempts < enough {
            stops = Some(renewal);
        }
        if renewal.at.is_none() && lost.is_none() {
            lost = Some(renewal);
        }
        if let (Some(at), Some(limits), None) = (renewal.at, limits, limited) {
            issued.push_back(at);
            while issued.front().is_some_and(|first| at.saturating_sub(*first) >= limits.same_names_within) {
                issued.pop_front();
            }
            limited = (issued.len() > limits.same_names).then_some(at);
        }
        if limited.is_some() {
            break;
        }
    }
    let forced = |from: i64| {
        plan.forced.as_ref().map_or(0, |f| f.between(from.max(cert.from.saturating_add(1)), cert.to))
    };
    Outlook {
        attempts: plan.firings.between(due.by.max(period.now), cert.to).max(forced(period.now)),
        window: plan.firings.between(due.by, cert.to).max(forced(cert.from)),
        perhaps: plan.firings.named_between(due.by, cert.to) > 0,
        covered: !plan.is_empty(),
        largest_gap: plan.firings.largest_gap(),
        in_a_day: plan.in_a_day,
        in_an_hour: plan.in_an_hour,
        forced_in_a_week: plan.forced_in_a_week,
        stops,
        lost,
        limited,
    }
}

impl Lineage {
    /// What the schedule makes of it; `None` where it is never due, has expired, or nothing renews it.
    ///
    /// # Errors
    /// The certificate, the schedule, or the times at which a trigger fires are not known.
    pub fn outlook(&self, host: &HostFacts) -> Fact<Option<Outlook>> {
        self.conf.as_ref().map_err(Clone::clone)?;
        self.cert.as_ref().map_err(Clone::clone)?;
        host.triggers.as_ref().map_err(Clone::clone)?;
        let outlook = self.forecast.as_ref().and_then(|forecast| forecast.outlook);
        // That there are no times to compute is interval-too-long.
        if host.only_at_boot(&self.name).is_some() {
            return Ok(None);
        }
        if outlook.is_none() && self.forecast.as_ref().is_some_and(|forecast| forecast.due_at.is_some()) {
            let untimed = host.covering(&self.name).find(|trigger| trigger.when.is_err());
            return Err(match untimed.or(host.covering(&self.name).next()) {
                Some(Trigger { when: Err(missing), .. }) => missing.clone(),
                Some(trigger) => {
                    let why = Why::Unclear(format!("nobody can compute when it fires: {}", trigger.times()));
                    Missing::new(trigger.r#where.as_str(), why, Role::Other)
                }
                None => return Ok(None),
            });
        }
        // What has expired is certificate-expired's business.
        let expired = self.forecast.as_ref().is_some_and(|forecast| forecast.cert.to <= host.now.as_second());
        Ok(outlook.filter(|outlook| outlook.covered && !expired))
    }
}

impl Forecast {
    /// The coming renewals, as far as the terms of the host's judgement reach.
    pub fn renewals<'p>(&self, host: &HostFacts, plan: &'p Plan) -> Renewals<'p> {
        let period = host.period();
        Renewals::new(self.course, plan, self.cert, period.now, period.horizon)
    }

    /// Whether the window in which it is due is the CA's renewal information as predicted, not as fetched.
    pub fn predicted(&self) -> bool {
        self.due_because == Because::Ari && !self.course.is_given(self.cert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::DAY;
    use crate::checks::testing::{
        cron, days, denied, host, lineage, lives, set, timer, unset, with_certbots,
    };
    use crate::facts::Task;

    /// Due in so many days from now, and why.
    fn due(lineage: &Lineage, host: &HostFacts) -> (Option<i64>, Because) {
        let forecast = forecast(lineage, host).unwrap();
        let days = forecast.due_at.map(|at| (at.as_second() - host.now.as_second() + 43_200).div_euclid(DAY));
        (days, forecast.due_because)
    }

    #[test]
    fn the_rules_go_in_certbots_order() {
        let (mut lineage, host) = (lineage(), host());
        lives(&mut lineage, -30, 60);
        assert_eq!(due(&lineage, &host), (Some(29), Because::Ari));
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "server");
        assert_eq!(due(&lineage, &host), (Some(30), Because::Lifetime));
        set(lineage.conf.as_mut().unwrap(), "", "renew_before_expiry", "10 days");
        assert_eq!(due(&lineage, &host), (Some(50), Because::RenewBeforeExpiry));
        lives(&mut lineage, -91, -1);
        assert_eq!(due(&lineage, &host), (Some(-1), Because::Expired));
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "autorenew", "False");
        assert_eq!(due(&lineage, &host), (None, Because::AutorenewOff));
    }

    #[test]
    fn below_ten_days_half_of_the_lifetime_is_left() {
        let mut lineage = lineage();
        lives(&mut lineage, 0, 6);
        assert_eq!(due(&lineage, &host()), (Some(3), Because::Ari));
        assert_eq!(due(&lineage, &with_certbots(&["4.0.0"])), (Some(3), Because::Lifetime));
    }

    #[test]
    fn before_certbot_4_thirty_days_are_left() {
        let (mut lineage, host) = (lineage(), with_certbots(&["2.1.0"]));
        lives(&mut lineage, -30, 60);
        assert_eq!(due(&lineage, &host), (Some(30), Because::Fixed30Days));
        lives(&mut lineage, -1, 44);
        assert_eq!(due(&lineage, &host), (Some(14), Because::Fixed30Days));
    }

    #[test]
    fn the_newest_complete_version_is_judged_as_certbot_judges_it() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_after = days(5);
        assert_eq!(due(&lineage, &with_certbots(&["4.0.0"])), (Some(30), Because::Lifetime));
    }

    #[test]
    fn without_a_certificate_there_is_no_forecast() {
        let mut lineage = lineage();
        lineage.cert = denied(crate::facts::Role::Pem);
        lineage.archive = denied(crate::facts::Role::Pem);
        assert!(forecast(&lineage, &host()).is_none());
    }

    /// The lifetimes in days of the certificates to come, each once.
    fn lifetimes(host: &HostFacts, lineage: &Lineage) -> Vec<i64> {
        let plan = host.plan(&lineage.name).unwrap();
        let mut all: Vec<i64> = forecast(lineage, host)
            .unwrap()
            .renewals(host, &plan)
            .map(|renewal| (renewal.new.lifetime() + DAY / 2) / DAY)
            .collect();
        all.dedup();
        all
    }

    #[test]
    fn the_announced_days_shorten_the_certificates_to_come() {
        let (mut lineage, mut host) = (lineage(), host());
        assert_eq!(lifetimes(&host, &lineage), [90, 64, 45]);
        host.terms.until = Some("2028-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(lifetimes(&host, &lineage), [90, 64]);
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "preferred_profile", "tlsserver");
        assert_eq!(lifetimes(&host, &lineage), [45]);
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "server", "https://ca.corp.example/acme");
        assert_eq!(lifetimes(&host, &lineage), [90]);
    }

    #[test]
    fn each_renewal_is_made_at_the_first_attempt_after_the_window_has_closed() {
        let (lineage, host) = (lineage(), host());
        let plan = host.plan(&lineage.name).unwrap();
        let forecast = forecast(&lineage, &host).unwrap();
        let first = forecast.renewals(&host, &plan).next().unwrap();
        // Ninety days, thirty past: two thirds are on 2026-12-23 at noon, and a hundredth is 21 hours 36 minutes.
        assert_eq!(moment(first.due.at).to_string(), "2026-12-22T14:24:00Z");
        assert_eq!(moment(first.due.by).to_string(), "2026-12-24T09:36:00Z");
        assert_eq!(moment(first.at.unwrap()).to_string(), "2026-12-24T12:00:00Z");
        assert_eq!(forecast.outlook.unwrap().attempts, first.attempts);
        assert_eq!(first.attempts, 57);
    }

    #[test]
    fn a_weekly_schedule_stops_being_enough_with_forty_five_days() {
        let host = HostFacts { triggers: Ok(vec![cron("0 3 * * 0")]), ..host() };
        let stops = forecast(&lineage(), &host).unwrap().outlook.unwrap().stops.unwrap();
        assert_eq!((stops.old.lifetime() + DAY / 2) / DAY, 45);
        assert!(moment(stops.due.at).to_string().starts_with("2028-"));
        assert_eq!(stops.attempts, 2);
    }

    #[test]
    fn a_forced_run_renews_before_anything_is_due() {
        let task = Task {
            forced: Some(("--force-renewal".into(), "/etc/cron.d/certbot:3".into())),
            ..Task::default()
        };
        let forced = Trigger { task, ..cron("0 3 * * *") };
        let host = HostFacts { triggers: Ok(vec![timer(None), forced]), ..host() };
        let outlook = forecast(&lineage(), &host).unwrap().outlook.unwrap();
        assert_eq!(outlook.forced_in_a_week, 7);
        assert_eq!(moment(outlook.limited.unwrap()).to_string(), "2026-11-29T03:00:00Z");
    }

    #[test]
    fn a_trigger_for_one_lineage_alone_leaves_the_others_without() {
        let task = Task { only: vec!["other.example".into()], ..Task::default() };
        let host = HostFacts { triggers: Ok(vec![Trigger { task, ..timer(None) }]), ..host() };
        let outlook = forecast(&lineage(), &host).unwrap().outlook.unwrap();
        assert!(!outlook.covered);
        assert_eq!((outlook.attempts, outlook.largest_gap), (0, None));
    }

    #[test]
    fn the_end_of_the_forecast_takes_no_attempts_away() {
        let (mut lineage, mut host) = (lineage(), with_certbots(&["4.0.0"]));
        host.terms.until = Some(days(40));
        assert!(forecast(&lineage, &host).unwrap().outlook.unwrap().stops.is_none());
        // A private CA's ten years end far beyond it.
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "server", "https://ca.corp.example/acme");
        lives(&mut lineage, -30, 3_620);
        assert!(forecast(&lineage, &host).unwrap().outlook.unwrap().window > 1_000);
    }

    #[test]
    fn an_earlier_validation_is_used_again_within_the_cas_time_for_that() {
        let task = Task {
            forced: Some(("--force-renewal".into(), "/etc/cron.d/certbot:3".into())),
            ..Task::default()
        };
        let mut host = HostFacts { triggers: Ok(vec![Trigger { task, ..cron("0 3 1,16 * *") }]), ..host() };
        host.terms.until = Some("2027-06-01T00:00:00Z".parse().unwrap());
        let plan = host.plan("example.com").unwrap();
        let validated = |from: &str, to: &str| -> Vec<bool> {
            let coming = forecast(&lineage(), &host).unwrap();
            let within = |at: i64| (from..to).contains(&moment(at).to_string().as_str());
            coming.renewals(&host, &plan).filter(|r| r.at.is_some_and(within)).map(|r| r.validates).collect()
        };
        // Every fortnight: within thirty days until 2027-02-10, beyond ten days from then on.
        assert_eq!(validated("2026-12-16", "2027-02-02"), [false, true, false, true]);
        assert_eq!(validated("2027-02-11", "2027-04-02"), [true; 4]);
    }
}
