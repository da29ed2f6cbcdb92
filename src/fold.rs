//! Causes over consequences: one fault, one loud finding.

use std::collections::HashMap;

use crate::check::{Check, Finding, Severity, Subject};

/// What has happened, and is no longer a forecast.
const EXPIRED: &str = "certificate-expired";

/// A finding with the check that raised it, after its severity was capped.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The check.
    pub check: &'static Check,
    /// Its severity.
    pub severity: Severity,
    /// What it found.
    pub finding: Finding,
    /// Why the user chose to ignore it.
    pub ignored: Option<String>,
}

/// A finding that stands by itself, with what follows from it.
#[derive(Clone, Debug)]
pub struct Folded {
    /// The cause.
    pub cause: Raised,
    /// What it explains.
    pub consequences: Vec<Consequence>,
    /// Why the user chose to ignore it.
    pub ignored: Option<String>,
}

/// An explained finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// The check that raised it.
    pub id: &'static str,
    /// What it said.
    pub says: String,
}

/// Demotes explained findings to consequences of their causes and merges the same cause across lineages.
///
/// A finding is explained by another whose check lists its id, which touches the same things, and which is at
/// least as loud: a quiet cause never hides a loud consequence. The result is sorted, worst first.
pub fn fold(raised: Vec<Raised>) -> Vec<Folded> {
    let causes = causes(&raised);
    let mut consequences: HashMap<usize, Vec<Consequence>> = HashMap::new();
    for (i, finding) in raised.iter().enumerate() {
        if let Some(root) = root(&causes, i) {
            let consequence = Consequence { id: finding.check.id, says: finding.finding.says.clone() };
            consequences.entry(root).or_default().push(consequence);
        }
    }
    let mut folded: Vec<Folded> = Vec::new();
    let mut merged: HashMap<(&'static str, Severity, Subject, Option<String>), usize> = HashMap::new();
    for (i, cause) in raised.into_iter().enumerate() {
        if causes.get(i).is_some_and(Option::is_some) {
            continue;
        }
        let consequences = consequences.remove(&i).unwrap_or_default();
        if let Some(shared) = shared(&cause.finding.subject) {
            let key = (cause.check.id, cause.severity, shared, cause.ignored.clone());
            if let Some(twin) = merged.get(&key).and_then(|at: &usize| folded.get_mut(*at)) {
                merge(twin, cause, consequences);
                continue;
            }
            merged.insert(key, folded.len());
        }
        let ignored = cause.ignored.clone();
        folded.push(Folded { cause, consequences, ignored });
    }
    for finding in &mut folded {
        let mut seen = std::collections::HashSet::new();
        finding.consequences.retain(|c| seen.insert((c.id, c.says.clone())));
    }
    folded.sort_by(|a, b| order(&a.cause).cmp(&order(&b.cause)));
    folded
}

/// For each finding the index of one that explains it.
fn causes(raised: &[Raised]) -> Vec<Option<usize>> {
    let mut by_lineage: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut of_host = Vec::new();
    for (i, r) in raised.iter().enumerate() {
        if r.check.explains.is_empty() {
            continue;
        }
        if r.finding.lineages.is_empty() {
            of_host.push(i);
        }
        for name in &r.finding.lineages {
            by_lineage.entry(name).or_default().push(i);
        }
    }
    let none = Vec::new();
    raised
        .iter()
        .enumerate()
        .map(|(i, effect)| {
            let near = effect.finding.lineages.first().and_then(|name| by_lineage.get(name.as_str()));
            near.unwrap_or(&none)
                .iter()
                .chain(&of_host)
                .copied()
                .filter(|c| *c != i)
                .filter_map(|c| raised.get(c).map(|cause| (c, cause)))
                .filter(|(_, cause)| explains(cause, effect))
                .map(|(c, _)| c)
                .next()
        })
        .collect()
}

fn explains(cause: &Raised, effect: &Raised) -> bool {
    // That a fault is accepted does not make an expired certificate a known thing.
    let accepted = cause.ignored.is_some() && effect.ignored.is_none() && effect.check.id == EXPIRED;
    cause.check.explains.contains(&effect.check.id)
        && !accepted
        && cause.severity >= effect.severity
        && overlaps(&cause.finding, &effect.finding)
}

/// Whether all that `effect` touches is touched by `cause`.
fn overlaps(cause: &Finding, effect: &Finding) -> bool {
    if cause.lineages.is_empty() {
        return match (&cause.subject, &effect.subject) {
            // Two host findings about different paths, processes or triggers are strangers.
            (a @ (Subject::Path(_) | Subject::Process(_)), b @ (Subject::Path(_) | Subject::Process(_)))
                if effect.lineages.is_empty() =>
            {
                a == b
            }
            _ => true,
        };
    }
    if effect.lineages.is_empty() || !effect.lineages.iter().all(|name| cause.lineages.contains(name)) {
        return false;
    }
    cause.identifiers.is_empty()
        || effect.identifiers.is_empty()
        || effect.identifiers.iter().any(|name| cause.identifiers.contains(name))
}

/// The cause at the end of the chain; the graph of ids has no cycles (tested), the bound is for safety only.
fn root(causes: &[Option<usize>], start: usize) -> Option<usize> {
    let mut at = causes.get(start).copied().flatten()?;
    for _ in 0..causes.len() {
        match causes.get(at).copied().flatten() {
            Some(next) => at = next,
            None => break,
        }
    }
    Some(at)
}

/// The subject under which one fault shows in many lineages.
fn shared(subject: &Subject) -> Option<Subject> {
    match subject {
        Subject::Host | Subject::Lineage | Subject::Identifier(_) => None,
        shared => Some(shared.clone()),
    }
}

fn merge(into: &mut Folded, other: Raised, consequences: Vec<Consequence>) {
    let (a, b) = (&mut into.cause.finding, other.finding);
    add_new(&mut a.lineages, b.lineages);
    add_new(&mut a.identifiers, b.identifiers);
    add_new(&mut a.evidence, b.evidence);
    if let (Some(fix), Some(more)) = (&mut a.fix, b.fix) {
        add_new(&mut fix.commands, more.commands);
    }
    a.bites_at = match (a.bites_at, b.bites_at) {
        (Some(x), Some(y)) => Some(x.min(y)),
        (x, y) => x.or(y),
    };
    into.consequences.extend(consequences);
}

fn add_new<T: PartialEq>(to: &mut Vec<T>, from: Vec<T>) {
    for item in from {
        // Twins come in order, so the newest entries are the likely equals; a full search keeps short lists exact.
        let known =
            if to.len() > 64 { to.iter().rev().take(8).any(|t| *t == item) } else { to.contains(&item) };
        if !known {
            to.push(item);
        }
    }
}

fn order(r: &Raised) -> (std::cmp::Reverse<Severity>, i64, &'static str, Option<&String>) {
    let bites = r.finding.bites_at.map_or(i64::MAX, |t| t.as_second());
    (std::cmp::Reverse(r.severity), bites, r.check.id, r.finding.lineages.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Run;

    const fn check(id: &'static str, explains: &'static [&'static str]) -> Check {
        Check {
            id,
            title: "",
            severity: Severity::WillFail,
            why: "",
            fix: "",
            cites: &[],
            explains,
            run: Run::Host(|_| Ok(vec![])),
        }
    }

    static ROOT: Check = check("root", &["middle"]);
    static MIDDLE: Check = check("middle", &["leaf"]);
    static LEAF: Check = check("leaf", &[]);
    static PLUGIN: Check = check("plugin", &["leaf"]);

    fn raised(check: &'static Check, severity: Severity, finding: Finding) -> Raised {
        Raised { check, severity, finding, ignored: None }
    }

    fn about(check: &'static Check, lineage: &str) -> Raised {
        raised(check, Severity::WillFail, Finding::new(format!("{} of {lineage}", check.id)).of([lineage]))
    }

    fn ids(folded: &[Folded]) -> Vec<&'static str> {
        folded.iter().map(|f| f.cause.check.id).collect()
    }

    #[test]
    fn an_explained_finding_of_the_same_lineage_becomes_a_consequence() {
        let folded = fold(vec![about(&LEAF, "a"), about(&MIDDLE, "a"), about(&LEAF, "b")]);
        assert_eq!(ids(&folded), ["leaf", "middle"]);
        assert_eq!(folded[1].consequences, [Consequence { id: "leaf", says: "leaf of a".into() }]);
        assert!(folded[0].consequences.is_empty());
    }

    #[test]
    fn a_chain_of_causes_folds_under_the_first() {
        let folded = fold(vec![about(&LEAF, "a"), about(&MIDDLE, "a"), about(&ROOT, "a")]);
        assert_eq!(ids(&folded), ["root"]);
        assert_eq!(folded[0].consequences.iter().map(|c| c.id).collect::<Vec<_>>(), ["leaf", "middle"]);
    }

    #[test]
    fn a_cause_of_the_host_explains_every_lineage() {
        let host = raised(&MIDDLE, Severity::WillFail, Finding::new("host").about(Subject::Host));
        let folded = fold(vec![about(&LEAF, "a"), about(&LEAF, "b"), host]);
        assert_eq!(ids(&folded), ["middle"]);
        assert_eq!(folded[0].consequences.len(), 2);
    }

    #[test]
    fn a_quiet_cause_never_hides_a_loud_consequence() {
        let quiet = raised(&MIDDLE, Severity::Note, Finding::new("quiet").of(["a"]));
        assert_eq!(ids(&fold(vec![about(&LEAF, "a"), quiet])), ["leaf", "middle"]);
    }

    #[test]
    fn another_identifier_is_not_explained() {
        let cause =
            raised(&MIDDLE, Severity::WillFail, Finding::new("m").of(["a"]).identifiers(["x.example"]));
        let effect =
            raised(&LEAF, Severity::WillFail, Finding::new("l").of(["a"]).identifiers(["y.example"]));
        assert_eq!(fold(vec![cause, effect]).len(), 2);
    }

    #[test]
    fn one_missing_plugin_on_two_hundred_lineages_is_one_finding_that_names_them_all() {
        let many = (0..200)
            .map(|i| {
                let finding =
                    Finding::new("gone").of([format!("l{i:03}")]).about(Subject::Plugin("nginx".into()));
                raised(
                    &PLUGIN,
                    Severity::WillFail,
                    finding.saw(format!("l{i:03}.conf:3"), "authenticator = nginx"),
                )
            })
            .chain([about(&LEAF, "l007")])
            .collect();
        let folded = fold(many);
        assert_eq!(folded.len(), 1);
        assert_eq!(folded[0].cause.finding.lineages.len(), 200);
        assert_eq!(folded[0].cause.finding.evidence.len(), 200);
        assert_eq!(folded[0].consequences.len(), 1);
    }

    #[test]
    fn a_consequence_is_split_from_the_lineages_that_the_cause_does_not_touch() {
        let gone = |name: &str| {
            raised(
                &LEAF,
                Severity::WillFail,
                Finding::new("gone").of([name]).about(Subject::Path("/x".into())),
            )
        };
        let folded = fold(vec![gone("a"), gone("b"), about(&MIDDLE, "a")]);
        assert_eq!(ids(&folded), ["leaf", "middle"]);
        assert_eq!(folded[0].cause.finding.lineages, ["b"]);
    }

    #[test]
    fn the_worst_comes_first() {
        let note = raised(&LEAF, Severity::Note, Finding::new("n").of(["a"]));
        let may = raised(&MIDDLE, Severity::MayFail, Finding::new("m").of(["b"]));
        assert_eq!(ids(&fold(vec![note, may, about(&ROOT, "c")])), ["root", "middle", "leaf"]);
    }
}
