//! The schedule is good today, and no longer once certificates live shorter.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};
use crate::forecast::moment;

/// From a renewal to come on too few attempts fit.
pub static CHECK: Check = Check {
    id: "schedule-insufficient-from-date",
    title: "the schedule will be too slow for shorter-lived certificates",
    severity: Severity::MayFail,
    why: "certificates become shorter-lived on announced days, and the time in which they are due shrinks with them: \
          a schedule that leaves few attempts then loses certificates without anybody having changed anything",
    fix: "have it run twice a day, long before that date",
    cites: &[
        "https://letsencrypt.org/2025/12/02/from-90-to-45",
        "https://cabforum.org/2025/04/11/ballot-sc081v3-introduce-schedule-of-reducing-validity-and-data-reuse-periods/",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

/// How far ahead it is worth an alarm, in seconds.
const SOON: i64 = 180 * 86_400;

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(forecast) = &lineage.forecast else { return Ok(vec![]) };
    // The certificate of today is attempts-too-few's business.
    let Some(stops) = outlook.stops.filter(|renewal| renewal.old != forecast.cert) else { return Ok(vec![]) };
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    let due = moment(stops.due.at);
    let days = (stops.old.lifetime() + 43_200) / 86_400;
    let attempts = match stops.attempts {
        0 => "no attempt fits".to_owned(),
        1 => "one attempt fits".to_owned(),
        n => format!("{n} attempts fit"),
    };
    let says = format!(
        "from {} on certificates live {days} days, and {attempts} into the time in which they are due",
        due.strftime("%Y-%m-%d")
    );
    let finding = Finding::new(says)
        .about(Subject::Trigger(trigger.r#where.clone()))
        .saw_wanted(&trigger.r#where, trigger.times(), "twice a day")
        .bites_at(due)
        .fix("have it run twice a day before then", Vec::<String>::new());
    let finding = if host.unused(lineage) {
        finding.lowered(Severity::Note, UNUSED)
    } else {
        let far = stops.due.at.saturating_sub(host.now.as_second()) > SOON;
        finding.lowered_if(far, Severity::Note, "it is more than half a year away")
    };
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::Role;

    #[test]
    fn a_weekly_run_is_enough_for_ninety_days_and_too_slow_for_forty_five() {
        let host = with_triggers(vec![cron("0 3 * * 0")]);
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::Note);
        assert!(finding.says.contains("live 45 days, and 2 attempts fit"), "{}", finding.says);
        let mut host = host;
        host.now = "2028-01-20T00:00:00Z".parse().unwrap();
        let mut lineage = lineage();
        let cert = lineage.cert.as_mut().unwrap();
        (cert.not_before, cert.not_after) =
            ("2028-01-10T00:00:00Z".parse().unwrap(), "2028-03-14T00:00:00Z".parse().unwrap());
        lineage.archive = denied(Role::Pem);
        assert_eq!(only(&CHECK, &lineage, &host).0, Severity::MayFail);
    }

    #[test]
    fn twice_a_day_is_enough_for_years() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("17 4 * * *")]));
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
