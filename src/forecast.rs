//! When a lineage becomes due, by the rules of the certbot that renews it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::facts::{Conf, HostFacts, Lineage, lifetime_seconds};

const DAY: i64 = 86_400;

/// When the lineage becomes due and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The earliest moment; `None` when it never becomes due.
    pub due_at: Option<Timestamp>,
    /// The latest moment, where certbot draws one at random.
    pub due_by: Option<Timestamp>,
    /// Which rule makes it due.
    pub due_because: Because,
}

/// The rules that make a lineage due, in certbot's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Because {
    Ari,
    RenewBeforeExpiry,
    Lifetime,
    #[serde(rename = "fixed-30-days")]
    Fixed30Days,
    Revoked,
    Expired,
    Forced,
    AutorenewOff,
}

/// When `lineage` becomes due, or `None` where its conf or certificate could not be read.
///
/// The order is certbot's `should_autorenew`: autorenew, expiry, `renew_before_expiry`, then a fraction of the
/// lifetime; before certbot 4 thirty days before expiry.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py>
pub fn forecast(lineage: &Lineage, host: &HostFacts) -> Option<Forecast> {
    let conf = lineage.conf.as_ref().ok()?;
    let cert = &judged(lineage)?;
    if conf.param_text("autorenew").is_some_and(|text| text.eq_ignore_ascii_case("false")) {
        return Some(Forecast { due_at: None, due_by: None, due_because: Because::AutorenewOff });
    }
    if cert.not_after <= host.now {
        return Some(Forecast {
            due_at: Some(cert.not_after),
            due_by: Some(cert.not_after),
            due_because: Because::Expired,
        });
    }
    let before_expiry = |seconds: i64| cert.not_after.saturating_sub(SignedDuration::from_secs(seconds)).ok();
    let (due, due_because) =
        if let Some(seconds) = conf.top("renew_before_expiry").and_then(|s| interval_seconds(s.text()?)) {
            (before_expiry(seconds), Because::RenewBeforeExpiry)
        } else if certbot_release(conf, host).is_some_and(|release| release < (4, 0)) {
            (before_expiry(30 * DAY), Because::Fixed30Days)
        } else {
            // Two thirds of the lifetime, or half where it is below ten days; certbot 4.0 and later.
            let lifetime = lifetime_seconds(cert.not_before, cert.not_after);
            let left = if lifetime < 10 * DAY { lifetime / 2 } else { lifetime / 3 };
            (before_expiry(left), Because::Lifetime)
        };
    let due = due?.max(cert.not_before);
    Some(Forecast { due_at: Some(due), due_by: Some(due), due_because })
}

/// Validity of the certificate that `certbot renew` judges: of the newest complete version, which it links to first,
/// and else of the one that live points at.
fn judged(lineage: &Lineage) -> Option<Validity> {
    let newest = lineage.archive.as_ref().ok().and_then(|archive| archive.latest_complete()?.issued.as_ref());
    match (newest, &lineage.cert) {
        (Some(issued), _) => Some(Validity { not_before: issued.not_before, not_after: issued.not_after }),
        (None, Ok(cert)) => Some(Validity { not_before: cert.not_before, not_after: cert.not_after }),
        (None, Err(_)) => None,
    }
}

struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

/// The certbot that will judge this lineage: the newest on the host, else the one that wrote the conf.
pub fn certbot_release(conf: &Conf, host: &HostFacts) -> Option<(u32, u32)> {
    host.newest_certbot().or_else(|| crate::facts::release(conf.top("version")?.text()?))
}

/// The length of an interval such as `30 days`, `3 weeks` or `6 months 1 week`, in seconds; a bare number counts
/// days. `None` where it is not of that form.
/// <https://eff-certbot.readthedocs.io/en/stable/using.html#modifying-the-renewal-configuration-of-existing-certificates>
pub fn interval_seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut words = text.split_whitespace();
    let mut any = false;
    while let Some(word) = words.next() {
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let count: i64 = word.get(..digits)?.parse().ok()?;
        let unit = match word.get(digits..)? {
            "" => words.next().unwrap_or("days"),
            joined => joined,
        };
        let seconds = match unit.trim_end_matches(',').trim_end_matches('s').to_ascii_lowercase().as_str() {
            "second" | "sec" => 1,
            "minute" | "min" => 60,
            "hour" | "hr" | "h" => 3_600,
            "day" | "d" => DAY,
            "week" | "wk" | "w" => 7 * DAY,
            "month" | "mon" => 30 * DAY,
            "year" | "yr" | "y" => 365 * DAY,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(seconds)?)?;
        any = true;
    }
    any.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{days, denied, host, issued, lineage, set, with_certbots};

    /// Due in so many days from now, and why.
    fn due(lineage: &Lineage, host: &HostFacts) -> (Option<i64>, Because) {
        let forecast = forecast(lineage, host).unwrap();
        let days = forecast.due_at.map(|at| (at.as_second() - host.now.as_second() + 43_200).div_euclid(DAY));
        (days, forecast.due_because)
    }

    /// A certificate that began so many days ago and ends in so many, also as the newest version.
    fn valid(lineage: &mut Lineage, before: i64, after: i64) {
        let cert = lineage.cert.as_mut().unwrap();
        (cert.not_before, cert.not_after) = (days(before), days(after));
        let issued = issued(cert);
        lineage.archive.as_mut().unwrap().versions.last_mut().unwrap().issued = Some(issued);
    }

    #[test]
    fn the_rules_go_in_certbots_order() {
        let (mut lineage, host) = (lineage(), host());
        valid(&mut lineage, -30, 60);
        assert_eq!(due(&lineage, &host), (Some(30), Because::Lifetime));
        set(lineage.conf.as_mut().unwrap(), "", "renew_before_expiry", "10 days");
        assert_eq!(due(&lineage, &host), (Some(50), Because::RenewBeforeExpiry));
        valid(&mut lineage, -91, -1);
        assert_eq!(due(&lineage, &host), (Some(-1), Because::Expired));
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "autorenew", "False");
        assert_eq!(due(&lineage, &host), (None, Because::AutorenewOff));
    }

    #[test]
    fn below_ten_days_half_of_the_lifetime_is_left() {
        let mut lineage = lineage();
        valid(&mut lineage, 0, 6);
        assert_eq!(due(&lineage, &host()), (Some(3), Because::Lifetime));
    }

    #[test]
    fn before_certbot_4_thirty_days_are_left() {
        let (mut lineage, host) = (lineage(), with_certbots(&["2.1.0"]));
        valid(&mut lineage, -30, 60);
        assert_eq!(due(&lineage, &host), (Some(30), Because::Fixed30Days));
        valid(&mut lineage, -1, 44);
        assert_eq!(due(&lineage, &host), (Some(14), Because::Fixed30Days));
    }

    #[test]
    fn the_newest_complete_version_is_judged_as_certbot_judges_it() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_after = days(5);
        assert_eq!(due(&lineage, &host()), (Some(30), Because::Lifetime));
    }

    #[test]
    fn without_a_certificate_there_is_no_forecast() {
        let mut lineage = lineage();
        lineage.cert = denied(crate::facts::Role::Pem);
        lineage.archive = denied(crate::facts::Role::Pem);
        assert_eq!(forecast(&lineage, &host()), None);
    }

    #[test]
    fn intervals_are_read_as_certbot_documents_them() {
        assert_eq!(interval_seconds("30 days"), Some(30 * DAY));
        assert_eq!(interval_seconds("10"), Some(10 * DAY));
        assert_eq!(interval_seconds("6 months 1 week"), Some((180 + 7) * DAY));
        assert_eq!(interval_seconds("3 weeks"), Some(21 * DAY));
        assert_eq!(interval_seconds("12h"), Some(43_200));
        assert_eq!(interval_seconds("soon"), None);
        assert_eq!(interval_seconds(""), None);
        assert_eq!(interval_seconds("99999999999999 years"), None);
    }
}
