//! `NAME` and `NAME-0001` for the same names, and the server reads the one that was left behind.

use std::collections::{BTreeMap, HashSet};

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Usage};
use crate::index::{Index, Row};

/// A second lineage took over, and nobody told the server.
pub static CHECK: Check = Check {
    id: "lineage-0001-duplicate",
    title: "two lineages hold certificates for the same names, and a server reads the older one",
    severity: Severity::MayFail,
    why: "new certificates appear under one name while the server goes on reading the other, which may lack names or \
          expire; both count against the CA's limits",
    fix: "point the server at one lineage, then certbot delete --cert-name the other; use --cert-name in scripts",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#re-creating-and-updating-existing-certificates",
        "https://github.com/certbot/certbot/issues/2328",
    ],
    explains: &[],
    run: Run::Across(run),
};

/// Two twins renewed by one run of certbot differ by less, in seconds.
const SAME_RUN: i64 = 86_400;

fn run(index: &Index, host: &HostFacts) -> Verdict {
    // Twins of different key types are meant: RSA beside ECDSA.
    let mut groups: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in &index.rows {
        groups.entry((base(index, row), family(row))).or_default().push(row);
    }
    let mut findings = Vec::new();
    for ((base, _), rows) in groups {
        let Some(newest) = rows.iter().max_by_key(|row| row.validity.map(|(start, _)| start)) else {
            continue;
        };
        if rows.len() < 2 || newest.validity.is_none() || named(host, newest).is_some() {
            continue;
        }
        let names: HashSet<&str> = newest.names.iter().map(|name| &**name).collect();
        let twins: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| row.name != newest.name && row.names.iter().any(|name| names.contains(&**name)))
            .collect();
        let left_behind: Vec<&Row> = twins.iter().copied().filter(|row| is_behind(row, newest)).collect();
        let in_use: Vec<&Row> =
            left_behind.iter().copied().filter(|row| named(host, row).is_some()).collect();
        match (in_use.first(), twins.first()) {
            (Some(used), _) => findings.push(read_by_a_server(host, used, newest, &in_use)),
            (None, Some(_)) if !twins.iter().any(|row| named(host, row).is_some()) => {
                findings.push(unused(host, base, newest, &twins));
            }
            _ => {}
        }
    }
    Ok(findings)
}

/// The name without certbot's `-0001`, where that lineage or another of its twins may exist.
fn base<'a>(index: &Index, row: &'a Row) -> &'a str {
    match row.name.rsplit_once('-') {
        Some((base, number)) if number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) => {
            // A lineage may be called so from the start (`shop-2026`): then its base is mostly absent.
            if index.get(base).is_some() || number.starts_with("00") { base } else { &row.name }
        }
        _ => &row.name,
    }
}

/// `rsa`, `ecdsa` … or nothing where the key is not known.
fn family(row: &Row) -> &str {
    row.key.as_deref().and_then(|key| key.split('-').next()).unwrap_or_default()
}

/// A line of a server that names the lineage.
fn named(host: &HostFacts, row: &Row) -> Option<String> {
    match host.servers.usage(&row.name) {
        Usage::Named(refs) => refs.first().map(|line| line.r#where.clone()),
        Usage::NotNamed | Usage::NoServers => None,
    }
}

/// Its certificate is clearly older, or lacks a name that the newer one has.
fn is_behind(row: &Row, newest: &Row) -> bool {
    let start = |row: &Row| row.validity.map_or(i64::MIN, |(start, _)| start.as_second());
    start(newest).saturating_sub(start(row)) > SAME_RUN
        || newest.names.iter().any(|name| !row.names.contains(name))
}

fn seen(host: &HostFacts, row: &Row) -> (String, String) {
    let valid = row.validity.map_or_else(|| "unread".to_owned(), |(from, to)| format!("{from} to {to}"));
    (format!("{}/live/{}", host.dirs.config, row.name), format!("{valid}, {}", row.names.join(" ")))
}

fn read_by_a_server(host: &HostFacts, used: &Row, newest: &Row, in_use: &[&Row]) -> Finding {
    let line = named(host, used).unwrap_or_default();
    let says = format!(
        "{line} reads {}, while {} holds a newer certificate for the same names",
        used.name, newest.name
    );
    let lacks: Vec<&str> =
        newest.names.iter().filter(|name| !used.names.contains(name)).map(|name| &**name).collect();
    let says = if lacks.is_empty() { says } else { format!("{says} and also for {}", lacks.join(", ")) };
    let (place, saw) = seen(host, newest);
    let mut finding = Finding::new(says)
        .of(in_use.iter().map(|row| &*row.name).chain([&*newest.name]))
        .identifiers(newest.names.iter().map(|name| &**name))
        .saw(place, saw);
    for row in in_use {
        let (place, saw) = seen(host, row);
        finding = finding.saw(place, saw).saw_wanted(
            named(host, row).unwrap_or_default(),
            format!("live/{}", row.name),
            format!("live/{}", newest.name),
        );
    }
    let rest = in_use.iter().map(|row| format!("certbot delete --cert-name {}", row.name));
    finding.fix(
        format!("name live/{} in the server's configuration and reload it; then", newest.name),
        rest.collect::<Vec<_>>(),
    )
}

fn unused(host: &HostFacts, base: &str, newest: &Row, twins: &[&Row]) -> Finding {
    let says = format!("{} lineages of {base} hold certificates for the same names", twins.len() + 1);
    let mut finding = Finding::new(says).of(twins.iter().map(|row| &*row.name).chain([&*newest.name]));
    for row in twins.iter().take(8).copied().chain([newest]) {
        let (place, saw) = seen(host, row);
        finding = finding.saw(place, saw);
    }
    finding
        .fix(
            "see which one is in use and delete the others",
            twins.iter().map(|row| format!("certbot delete --cert-name {}", row.name)),
        )
        .lowered(Severity::Note, "no server found on this host names any of them")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Finding, Severity, cap};
    use crate::checks::testing::{across, cert, cert_ref, days, denied, host, lineage};
    use crate::facts::{HostFacts, KeyAlgorithm, Lineage, Role, Servers};

    fn twin(name: &str, start: i64, names: &[&str]) -> Lineage {
        let mut twin = lineage();
        twin.name = name.into();
        let mut leaf = cert(names);
        (leaf.not_before, leaf.not_after) = (days(start), days(start + 90));
        twin.cert = Ok(leaf);
        twin
    }

    fn serving(names: &[&str]) -> HostFacts {
        let refs = names.iter().map(|name| cert_ref(name, "/x")).collect();
        HostFacts { servers: Servers { refs, ..Servers::default() }.indexed(), ..host() }
    }

    fn findings(lineages: &[Lineage], host: &HostFacts) -> Vec<(Severity, Finding)> {
        across(&CHECK, lineages, host).unwrap().into_iter().map(|f| (cap(&CHECK, &f), f)).collect()
    }

    #[test]
    fn a_server_on_the_older_twin_may_fail() {
        let pair = [
            twin("a.example", -80, &["a.example"]),
            twin("a.example-0001", -5, &["a.example", "www.a.example"]),
        ];
        let found = findings(&pair, &serving(&["a.example"]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, Severity::MayFail);
        assert!(found[0].1.says.ends_with("also for www.a.example"), "{}", found[0].1.says);
        assert_eq!(found[0].1.lineages, ["a.example", "a.example-0001"]);
        // The other way round: the server was moved to the twin, the original was renewed later.
        let pair = [twin("a.example", -5, &["a.example"]), twin("a.example-0001", -80, &["a.example"])];
        assert_eq!(findings(&pair, &serving(&["a.example-0001"]))[0].0, Severity::MayFail);
    }

    #[test]
    fn twins_that_no_server_names_are_a_note() {
        let pair = [twin("a.example", -80, &["a.example"]), twin("a.example-0001", -5, &["a.example"])];
        assert_eq!(findings(&pair, &serving(&["other"]))[0].0, Severity::Note);
    }

    #[test]
    fn a_server_on_the_newest_or_on_both_is_silent() {
        let pair = [twin("a.example", -80, &["a.example"]), twin("a.example-0001", -5, &["a.example"])];
        assert!(findings(&pair, &serving(&["a.example-0001"])).is_empty());
        assert!(findings(&pair, &serving(&["a.example", "a.example-0001"])).is_empty());
    }

    #[test]
    fn twins_renewed_in_one_run_with_the_same_names_are_silent() {
        let mut pair = [twin("a.example", -5, &["a.example"]), twin("a.example-0001", -5, &["a.example"])];
        pair[1].cert.as_mut().unwrap().not_before += jiff::SignedDuration::from_mins(5);
        assert!(findings(&pair, &serving(&["a.example"])).is_empty());
    }

    #[test]
    fn rsa_beside_ecdsa_a_lone_twin_and_other_names_are_silent() {
        let mut pair = [twin("a.example", -80, &["a.example"]), twin("a.example-0001", -5, &["a.example"])];
        pair[0].cert.as_mut().unwrap().key = KeyAlgorithm("rsa-2048".into());
        assert!(findings(&pair, &serving(&["a.example"])).is_empty());
        let lone = [twin("b.example-0001", -5, &["b.example"])];
        assert!(findings(&lone, &serving(&["b.example-0001"])).is_empty());
        let others = [twin("a.example", -80, &["a.example"]), twin("a.example-0001", -5, &["b.example"])];
        assert!(findings(&others, &serving(&["a.example"])).is_empty());
    }

    #[test]
    fn twins_whose_certificates_cannot_be_read_are_not_judged() {
        let mut pair = [twin("a.example", -80, &["a.example"]), twin("a.example-0001", -5, &["a.example"])];
        pair.iter_mut().for_each(|twin| twin.cert = denied(Role::Pem));
        assert!(findings(&pair, &serving(&["a.example"])).is_empty());
    }

    #[test]
    fn ten_thousand_twins_take_no_time() {
        let many: Vec<Lineage> =
            (0..10_000).map(|i| twin(&format!("a.example-{i:04}"), -5, &["a.example"])).collect();
        let start = std::time::Instant::now();
        assert!(findings(&many, &serving(&["a.example-0003"])).len() <= 1);
        assert!(start.elapsed() < std::time::Duration::from_secs(20));
    }
}
