//! The CA's limit for certificates below one registered domain.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::limited::{finding, is_of};
use crate::ca::{self, Limits};
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Logged};
use crate::index::{Index, Row};

/// More new certificates for names below one domain within a week than the CA gives.
pub static CHECK: Check = Check {
    id: "rl-registered-domain",
    title: "the CA's limit for certificates below one domain is reached",
    severity: Severity::MayFail,
    why: "after 50 certificates for names below one registered domain within seven days, from all hosts together, the CA \
          answers `too many certificates (50) already issued`; a renewal with the same names as before is exempt, a new \
          certificate or one with other names is not",
    fix: "put more names into one certificate, or order one with a wildcard; the CA raises this limit on request",
    cites: &["https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain"],
    explains: &["ari-window-missed"],
    run: Run::Across(run),
};

/// The words of the limit for the very same names, which is another one.
const SAME_NAMES: &str = "exact set of";

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let mut found = counted(index, host);
    match refused(index, host) {
        Ok(more) => found.extend(more),
        Err(skip) if found.is_empty() => return Err(skip),
        Err(_) => {}
    }
    Ok(found)
}

/// What the CA refused.
fn refused(index: &Index, host: &HostFacts) -> Verdict {
    let logged = host.logged.as_ref()?;
    let of_domain = |logged: &&Logged| {
        is_of(logged, &["too many certificates", "already issued for"]) && !is_of(logged, &[SAME_NAMES])
    };
    let stands = |logged: &&Logged| {
        let row = index.get(&logged.lineage);
        row.is_some_and(|row| logged.stands(row.validity.map(|(from, _)| from), host.now))
    };
    let fix = "leave the names as they were, for a renewal with the same names is exempt, or wait";
    Ok(logged.iter().filter(of_domain).filter(stands).map(|logged| finding(logged, host, fix)).collect())
}

/// What this host alone has ordered within the week: other hosts count as well, so that it may be more.
fn counted(index: &Index, host: &HostFacts) -> Vec<Finding> {
    let mut sets: BTreeMap<&str, BTreeMap<Vec<&str>, Timestamp>> = BTreeMap::new();
    let mut limits = None;
    for row in &index.rows {
        let Some((own, issued)) = recent(row, host.now) else { continue };
        limits = Some(own);
        let mut names: Vec<&str> = row.names.iter().map(|name| &**name).collect();
        names.sort_unstable();
        let domains: BTreeSet<&str> =
            names.iter().filter_map(|name| psl::domain_str(name.trim_start_matches("*."))).collect();
        for domain in domains {
            sets.entry(domain).or_default().insert(names.clone(), issued);
        }
    }
    let Some(limits) = limits else { return Vec::new() };
    let reached = sets.into_iter().filter(|(_, sets)| sets.len() >= limits.per_domain);
    reached
        .map(|(domain, sets)| {
            let says = format!(
                "{} certificates for new names below {domain} were issued here within seven days: the CA gives {} to all \
                 hosts together",
                sets.len(),
                limits.per_domain
            );
            let first = sets.values().min().map(|at| at.strftime("%Y-%m-%d")).map_or_else(String::new, |at| format!(" since {at}"));
            Finding::new(says)
                .about(Subject::Records(domain.to_owned()))
                .saw_wanted(
                    format!("{}/archive", host.dirs.config),
                    format!("{} first certificates{first}", sets.len()),
                    format!("fewer than {} in seven days", limits.per_domain),
                )
                .lowered(Severity::Note, "renewals with the same names are exempt: only new names are refused")
        })
        .collect()
}

/// When a lineage's names were new to the CA, if that counts still, and the CA's limits.
fn recent(row: &Row, now: Timestamp) -> Option<(Limits, Timestamp)> {
    let limits = ca::authority(row.server.as_deref()?)?.limits?;
    let issued = row.new_names?;
    let age = now.as_second().saturating_sub(issued.as_second());
    (0..limits.per_domain_within).contains(&age).then_some((limits, issued))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::limited::fixture::judged;
    use crate::checks::testing::{across, days, denied, host, lineage, lives, set};
    use crate::facts::{HostFacts, Lineage, Role};

    const SAID: &str = "too many certificates (50) already issued for \"example.com\" in the last 168h0m0s";

    #[test]
    fn what_the_ca_refuses_holds_for_its_time() {
        judged(&CHECK, SAID);
    }

    #[test]
    fn the_limit_for_the_same_names_is_another_one() {
        let same =
            "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s";
        let found = across(&CHECK, &[lineage()], &super::super::limited::fixture::limited(same)).unwrap();
        assert!(found.is_empty());
    }

    /// A lineage that began so many days ago.
    fn new(name: &str, age: i64) -> Lineage {
        let mut lineage = lineage();
        lineage.name = name.into();
        lineage.cert.as_mut().unwrap().names = vec![format!("{name}.example.com")];
        lives(&mut lineage, -age, 90 - age);
        let versions = &mut lineage.archive.as_mut().unwrap().versions;
        versions.remove(0);
        versions[0].number = 1;
        lineage
    }

    fn many(count: usize, age: i64) -> Vec<Lineage> {
        (0..count).map(|i| new(&format!("a{i}"), age)).collect()
    }

    #[test]
    fn fifty_first_certificates_within_a_week_are_a_note() {
        let found = across(&CHECK, &many(50, 3), &host()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(crate::check::cap(&CHECK, &found[0]), Severity::Note);
        assert!(found[0].says.starts_with("50 certificates for new names below example.com"));
        assert!(found[0].evidence[0].saw.ends_with("since 2026-11-20"), "{:?}", found[0].evidence);
    }

    #[test]
    fn renewals_older_ones_twins_and_other_cas_do_not_count() {
        let passes = |lineages: &[Lineage]| assert!(across(&CHECK, lineages, &host()).unwrap().is_empty());
        passes(&many(49, 3));
        passes(&many(60, 8));
        let renewed = |mut lineage: Lineage| {
            let mut older = lineage.archive.as_ref().unwrap().versions[0].clone();
            older.issued.as_mut().unwrap().not_before = days(-60);
            let versions = &mut lineage.archive.as_mut().unwrap().versions;
            versions[0].number = 2;
            versions.insert(0, older);
            lineage
        };
        passes(&many(60, 3).into_iter().map(renewed).collect::<Vec<_>>());
        let twin = |i| Lineage { name: format!("b{i}"), ..new("a", 3) };
        passes(&(0..60).map(twin).collect::<Vec<_>>());
        let elsewhere = |mut lineage: Lineage| {
            set(
                lineage.conf.as_mut().unwrap(),
                "renewalparams",
                "server",
                "https://acme.zerossl.com/v2/DV90",
            );
            lineage
        };
        passes(&many(60, 3).into_iter().map(elsewhere).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_counted_is_said_also_without_a_log() {
        let host = HostFacts { logged: denied(Role::Other), ..host() };
        assert_eq!(across(&CHECK, &many(50, 3), &host).unwrap().len(), 1);
        assert!(matches!(across(&CHECK, &many(1, 3), &host), Err(Skip::Unknown(_))));
    }
}
