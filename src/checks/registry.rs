//! What holds for every check: the registry is complete, the ids are the files' names, the graph has no cycle.

use std::collections::{BTreeMap, BTreeSet};

use super::{CHECKS, NOT_CHECKABLE};

/// What to do when a test of this file fails.
const HOW: &str = "adding a check: src/checks/<id>.rs with `pub static CHECK: Check` (see README, `Adding a check`), \
    `mod <id>;` and `&<id>::CHECK` in src/checks/mod.rs, then \
    `cargo run -- explain --markdown > docs/checks.md`";

#[test]
fn every_file_is_a_registered_check_of_the_same_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/checks");
    let not_checks = [
        "accounts",
        "limited",
        "mod",
        "registry",
        "testing",
        "not_checkable",
        "turned_away",
        "walked",
        "elsewhere",
        "hooked",
    ];
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|stem| !not_checks.contains(&stem.as_str()))
        .map(|stem| stem.replace('_', "-"))
        .collect();
    let ids: BTreeSet<String> = CHECKS.iter().map(|c| c.id.to_owned()).collect();
    assert_eq!(ids.len(), CHECKS.len(), "an id is registered twice");
    assert_eq!(files, ids, "{HOW}");
}

#[test]
fn every_check_is_documented_and_cited() {
    for check in CHECKS {
        let id = check.id;
        assert!(!check.cites.is_empty(), "{id} cites nothing");
        assert!(check.cites.iter().all(|c| c.starts_with("https://")), "{id} cites something that is no URL");
        for (field, text) in [("title", check.title), ("why", check.why), ("fix", check.fix)] {
            assert!(!text.is_empty(), "{id} has no {field}");
            assert!(!text.ends_with('.'), "{id}: the {field} ends with a full stop");
            let first = text.split_whitespace().next().unwrap();
            let is_name =
                first.contains(['`', '-', '_', '/', '.']) || first.chars().skip(1).any(char::is_uppercase);
            assert!(
                is_name || !first.starts_with(char::is_uppercase) || first == "Let's",
                "{id}: the {field} begins in upper case"
            );
        }
    }
}

#[test]
fn what_a_check_explains_exists() {
    for check in CHECKS {
        for id in check.explains {
            assert!(super::find(id).is_some(), "{} explains `{id}`, which is no check", check.id);
        }
    }
}

#[test]
fn nothing_explains_itself_over_any_number_of_steps() {
    let edges: BTreeMap<&str, &[&str]> = CHECKS.iter().map(|c| (c.id, c.explains)).collect();
    for check in CHECKS {
        let (mut open, mut seen) = (check.explains.to_vec(), BTreeSet::new());
        while let Some(id) = open.pop() {
            assert_ne!(id, check.id, "{} explains itself", check.id);
            if seen.insert(id) {
                open.extend(edges.get(id).copied().unwrap_or_default());
            }
        }
    }
}

#[test]
fn what_is_not_checkable_has_no_check() {
    for (id, _) in NOT_CHECKABLE {
        assert!(super::find(id).is_none(), "{id} has a check and is listed as not checkable");
    }
}

#[test]
fn the_catalogue_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/checks.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == crate::report::explain::markdown(),
        "docs/checks.md is stale: cargo run -- explain --markdown > docs/checks.md"
    );
}
