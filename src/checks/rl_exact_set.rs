//! The CA's limit for one exact set of names will be reached, or has been.

use super::limited::verdict_or;
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};
use crate::forecast::moment;

/// More certificates of the same names within a week than the CA gives.
pub static CHECK: Check = Check {
    id: "rl-exact-set",
    title: "the CA's limit for certificates of the same names is reached",
    severity: Severity::MayFail,
    why: "the CA answers `too many certificates (5) already issued for this exact set of identifiers in the last \
          168h0m0s` until the week is over, and no override exists",
    fix: "find out what renews so often; until the week is over nothing can be issued for these names",
    cites: &["https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"],
    explains: &["ari-window-missed"],
    run: Run::Lineage(run),
};

/// What is further away than this, in seconds, is no reason to act now.
const FAR: i64 = 180 * 86_400;

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let words = ["too many certificates", "exact set of"];
    verdict_or(lineage, host, &words, "find out what renews so often", || foreseen(lineage, host))
}

/// What the archive has come to, or the schedule will come to.
fn foreseen(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let cert = lineage.cert.as_ref()?;
    let Some(forecast) = &lineage.forecast else { return Ok(vec![]) };
    let Some(limits) = forecast.course.limits() else { return Ok(vec![]) };
    let archive = lineage.archive.as_ref()?;
    let since = host.now.as_second().saturating_sub(limits.same_names_within);
    let recent: Vec<_> = archive
        .versions
        .iter()
        .filter(|version| {
            version.issued.as_ref().is_some_and(|issued| {
                let at = issued.not_before.as_second();
                issued.names == cert.names && since < at && at <= host.now.as_second()
            })
        })
        .collect();
    let due_now = forecast.due_at.is_some_and(|due| due <= host.now);
    let mut far = false;
    let finding = if recent.len() >= limits.same_names && due_now {
        let says = format!(
            "{} was issued {} times within a week and is due again: the CA gives {}",
            lineage.name,
            recent.len(),
            limits.same_names
        );
        Finding::new(says).bites_at(host.now).saw_wanted(
            &archive.path,
            format!("{} versions of the last seven days", recent.len()),
            format!("at most {}", limits.same_names),
        )
    } else {
        let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
        let (Some(at), Some(trigger)) = (outlook.limited, host.covering(&lineage.name).next()) else {
            return Ok(vec![]);
        };
        let at = moment(at);
        far = at.duration_since(host.now).as_secs() > FAR;
        let says = format!(
            "{} will be renewed more than {} times within a week by {}",
            lineage.name,
            limits.same_names,
            at.strftime("%Y-%m-%d")
        );
        Finding::new(says).bites_at(at).saw_wanted(
            &trigger.r#where,
            trigger.times(),
            format!("at most {} renewals in seven days", limits.same_names),
        )
    };
    let finding =
        finding.about(Subject::Lineage).lowered_if(far, Severity::Note, "more than half a year away");
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        days, denied, host, issued, lineage, lives, only, set, silent, unknown, with_certbots,
    };
    use crate::facts::{Role, Version};

    #[test]
    fn an_interval_as_long_as_the_lifetime_reaches_it_within_days() {
        let mut lineage = lineage();
        set(lineage.conf.as_mut().unwrap(), "", "renew_before_expiry", "89 days");
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.bites_at.unwrap() < days(8));
    }

    #[test]
    fn an_old_certbot_reaches_it_with_short_lived_certificates() {
        let mut lineage = lineage();
        lives(&mut lineage, -1, 5);
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "preferred_profile", "shortlived");
        only(&CHECK, &lineage, &with_certbots(&["2.1.0"]));
    }

    #[test]
    fn five_of_this_week_and_one_more_due_may_fail() {
        let mut lineage = lineage();
        lives(&mut lineage, -1, 0);
        let leaf = issued(lineage.cert.as_ref().unwrap());
        let version = |number| Version { number, present: [true; 4], issued: Some(leaf.clone()) };
        lineage.archive.as_mut().unwrap().versions = (1..=5).map(version).collect();
        let finding = only(&CHECK, &lineage, &host()).1;
        assert!(finding.says.contains("5 times within a week"), "{}", finding.says);
    }

    #[test]
    fn what_the_ca_refuses_holds_for_its_time() {
        for word in ["identifiers", "domains"] {
            let said = format!(
                "too many certificates (5) already issued for this exact set of {word} in the last 168h0m0s"
            );
            crate::checks::limited::fixture::judged(&CHECK, &said);
        }
    }

    #[test]
    fn ninety_days_and_six_days_with_a_new_certbot_are_silent() {
        silent(&CHECK, &lineage(), &host());
        let mut short = lineage();
        lives(&mut short, -1, 5);
        silent(&CHECK, &short, &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
