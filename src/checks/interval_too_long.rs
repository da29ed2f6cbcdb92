//! The schedule runs so seldom that one failure, or none, costs the certificate.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, Trigger, UNUSED};
use crate::forecast::Outlook;

/// Runs more than a day and a half apart, and too few of them in the time in which the certificate is due.
pub static CHECK: Check = Check {
    id: "interval-too-long",
    title: "the renewal is tried too seldom",
    severity: Severity::WillFail,
    why: "a run that fails for any reason is only repeated at the next one; where few fit between the day a \
          certificate becomes due and its end, it expires",
    fix: "have it run twice a day: certbot does nothing until a certificate is due",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal",
        "https://letsencrypt.org/2025/12/02/from-90-to-45",
    ],
    explains: &[
        "ari-window-missed",
        "attempts-too-few",
        "certificate-expired",
        "schedule-insufficient-from-date",
    ],
    run: Run::Lineage(run),
};

/// Longer than a day, by as much as delays and the change of clocks put off a daily run.
const SELDOM: i64 = 36 * 3_600;

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    if let Some(trigger) = host.only_at_boot(&lineage.name) {
        let says = format!("{} is renewed only when the machine starts", lineage.name);
        return Ok(vec![
            mended(Finding::new(says), trigger, lineage, host)
                .lowered(Severity::MayFail, "it may start often enough"),
        ]);
    }
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    let seldom = outlook.largest_gap.is_none_or(|gap| gap > SELDOM);
    if !seldom || outlook.window >= host.terms.enough_for(&lineage.name) {
        return Ok(vec![]);
    }
    let gap = outlook
        .largest_gap
        .map_or_else(String::new, |gap| format!(" {} days apart", (gap + 43_200) / 86_400));
    let says = match outlook.window {
        0 => format!("no run{gap} falls into the time in which {} is due", lineage.name),
        1 => format!("of runs{gap} one falls into the time in which {} is due", lineage.name),
        n => format!("of runs{gap} {n} fall into the time in which {} is due", lineage.name),
    };
    let finding = mended(Finding::new(says), trigger, lineage, host);
    Ok(vec![lowered(finding, &outlook, host)])
}

fn lowered(finding: Finding, outlook: &Outlook, host: &HostFacts) -> Finding {
    // A finding about an unused lineage is a note already.
    if finding.lowered.is_some() {
        return finding;
    }
    finding.lowered_if(outlook.may_do(host.now), Severity::MayFail, "some attempts fit, or may fit")
}

fn mended(finding: Finding, trigger: &Trigger, lineage: &Lineage, host: &HostFacts) -> Finding {
    let finding = finding
        .about(Subject::Trigger(trigger.r#where.clone()))
        .saw_wanted(&trigger.r#where, trigger.times(), "twice a day")
        .fix("have it run twice a day", Vec::<String>::new());
    finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::{Role, Rule, Trigger, When, Why};

    #[test]
    fn one_run_in_two_months_fails_and_one_a_month_may_fail() {
        let (severity, finding) =
            only(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 1 2,4,6,8,10,12 *")]));
        assert_eq!(severity, Severity::WillFail, "{}", finding.says);
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 1 * *")]));
        assert_eq!(severity, Severity::MayFail, "{}", finding.says);
        assert!(finding.says.contains("31 days apart"), "{}", finding.says);
    }

    #[test]
    fn at_each_start_of_the_machine_alone_may_fail() {
        let when = When { rules: vec![Rule::AtBoot(0)], ..When::default() };
        let at_boot = Trigger { when: Ok(when), ..cron("@reboot") };
        assert_eq!(only(&CHECK, &lineage(), &with_triggers(vec![at_boot.clone()])).0, Severity::MayFail);
        let mut host = with_triggers(vec![at_boot]);
        host.triggers.as_mut().unwrap().push(cron("@daily"));
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn weekly_for_ninety_days_and_daily_are_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 * * 0")]));
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 * * *")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_weekly_run_is_too_seldom_for_six_days() {
        let mut lineage = lineage();
        crate::checks::testing::lives(&mut lineage, -1, 5);
        only(&CHECK, &lineage, &with_triggers(vec![cron("0 3 * * 0")]));
    }

    #[test]
    fn times_that_are_not_known_are_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
        let why = Why::Unclear("the loop's times".into());
        let when = Err(crate::facts::Missing::new("the times", why, Role::Other));
        unknown(&CHECK, &lineage(), &with_triggers(vec![Trigger { when, ..cron("@daily") }]));
    }
}
