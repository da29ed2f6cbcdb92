//! certbot will not ask for renewal information for a long time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage};

/// `ari_retry_after` lies days ahead.
pub static CHECK: Check = Check {
    id: "ari-retry-after-far-future",
    title: "certbot will not ask the CA when to renew for a long time",
    severity: Severity::Note,
    why: "until then certbot does not learn that the CA wants the certificate renewed early, for instance before it is \
          revoked; the clock was wrong once, or the CA asked for it",
    fix: "remove the line `ari_retry_after`; certbot writes it anew at its next run",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc9773#section-4.3",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

/// How far ahead is far: the day at most that RFC 9773 wants clients to wait, and one for the time zone, which the
/// value does not say.
const FAR_SECONDS: i64 = 2 * 86_400;

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(setting) = conf.setting("acme_renewal_info", "ari_retry_after") else {
        return Err(Skip::NotApplicable("no renewal information was asked for yet"));
    };
    let until = setting.text().and_then(|text| text.parse::<DateTime>().ok());
    let Some(until) = until.and_then(|time| TimeZone::UTC.to_timestamp(time).ok()) else {
        return Ok(vec![]);
    };
    if until.as_second().saturating_sub(host.now.as_second()) <= FAR_SECONDS {
        return Ok(vec![]);
    }
    let days = until.as_second().saturating_sub(host.now.as_second()) / 86_400;
    let line = setting.line;
    Ok(vec![
        Finding::new(format!("certbot will not ask the CA when to renew {} for {days} days", lineage.name))
            .saw_wanted(conf.at(setting), setting.shown(), "a time within a day")
            .fix("remove the line", [format!("sed -i '{line}d' {}", conf.path)]),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, set, silent, unknown};
    use crate::facts::{Lineage, Role};

    fn until(text: &str) -> Lineage {
        let mut lineage = lineage();
        set(lineage.conf.as_mut().unwrap(), "acme_renewal_info", "ari_retry_after", text);
        lineage
    }

    #[test]
    fn a_time_years_ahead_is_a_note() {
        let (severity, finding) = only(&CHECK, &until("2031-01-01T00:00:00"), &host());
        assert_eq!(severity, Severity::Note);
        assert!(finding.says.ends_with("for 1499 days"), "{}", finding.says);
    }

    #[test]
    fn six_hours_in_any_zone_the_past_and_nonsense_are_silent() {
        for text in ["2026-11-23T18:00:00", "2026-11-24T08:00:00", "2020-01-01T00:00:00", "soon"] {
            silent(&CHECK, &until(text), &host());
        }
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
