//! Runs so dense that a name that fails would be paused by the CA before its certificate expires.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage};

/// More attempts than a name may fail in a row.
pub static CHECK: Check = Check {
    id: "rl-paused",
    title: "failures in a row would have the CA pause the name",
    severity: Severity::Note,
    why: "after 1,152 failures in a row the CA takes no more orders for the name until a person follows the link in its \
          error; at a run every few minutes that takes days",
    fix: "have it run twice a day",
    cites: &[
        "https://letsencrypt.org/docs/rate-limits/#consecutive-authorization-failures-per-hostname-per-account",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(forecast) = &lineage.forecast else { return Ok(vec![]) };
    let (Some(limits), Some(due)) = (forecast.course.limits(), forecast.due_by) else { return Ok(vec![]) };
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    // Failures beyond the hourly limit are refused and do not count.
    let a_day =
        u32::try_from(outlook.in_a_day).unwrap_or(u32::MAX).min(limits.failures_per_hour.saturating_mul(24));
    let counted = a_day.saturating_sub(limits.failures_forgiven_per_day);
    let Some(days) = limits.failures_until_paused.checked_div(counted).map(i64::from) else {
        return Ok(vec![]);
    };
    let window = forecast.cert.to.saturating_sub(due.as_second()) / 86_400;
    if days >= window {
        return Ok(vec![]);
    }
    let says = format!(
        "should {} fail, {a_day} failures a day have the CA pause it after {days} days, {} before it expires",
        lineage.name,
        window - days
    );
    Ok(vec![
        Finding::new(says)
            .about(Subject::Trigger(trigger.r#where.clone()))
            .saw_wanted(&trigger.r#where, trigger.times(), "twice a day")
            .fix("have it run twice a day", Vec::<String>::new()),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::Role;

    #[test]
    fn every_five_minutes_is_a_note() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![cron("*/5 * * * *")]));
        assert_eq!(severity, Severity::Note);
        assert!(
            finding.says.contains("120 failures a day have the CA pause it after 9 days"),
            "{}",
            finding.says
        );
    }

    #[test]
    fn every_hour_and_twice_a_day_are_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 * * * *")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
