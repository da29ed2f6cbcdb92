//! The checks' documentation: printed by `explain`, and the source of `docs/checks.md`.

use std::fmt::Write;

use anstyle::Style;

use crate::check::{Check, Run};
use crate::checks::{CHECKS, NOT_CHECKABLE};

const BOLD: Style = Style::new().bold();

/// One check in full.
pub fn one(check: &Check) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}: {}\n\n", check.id, check.title);
    let explains = if check.explains.is_empty() { "nothing else".into() } else { check.explains.join(", ") };
    for (label, words) in [
        ("at most", check.severity.word()),
        ("looks at", scope(check)),
        ("why", check.why),
        ("fix", check.fix),
        ("explains", &explains),
    ] {
        let _ = writeln!(text, "  {label:<9} {words}");
    }
    for cite in check.cites {
        let _ = writeln!(text, "  {:<9} {cite}", "see");
    }
    text
}

/// All checks, a line each.
pub fn list() -> String {
    let width = CHECKS.iter().map(|c| c.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in CHECKS {
        let _ = writeln!(
            text,
            "{BOLD}{:<width$}{BOLD:#}  {:<9}  {}",
            check.id,
            check.severity.word(),
            check.title
        );
    }
    text
}

/// `docs/checks.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# The checks\n\n\
         Generated from the checks themselves by `acme-audit explain --markdown`; a test fails when this page is stale.\n\n\
         A finding may be quieter than its check's severity, never louder. `will-fail` makes the exit code 2, `may-fail` 1, \
         a `note` changes nothing.\n\n\
         | id | at most | looks at | what is wrong |\n|---|---|---|---|\n",
    );
    for c in CHECKS {
        let _ = writeln!(
            text,
            "| [`{0}`](#{0}) | {1} | {2} | {3} |",
            c.id,
            c.severity.word(),
            scope(c),
            cell(c.title)
        );
    }
    for check in CHECKS {
        let _ = write!(text, "\n## {}\n\n{}.\n\n", check.id, capital(check.title));
        let _ = write!(text, "- **Why it bites:** {}.\n- **Fix:** {}.\n", check.why, check.fix);
        if !check.explains.is_empty() {
            let ids: Vec<String> = check.explains.iter().map(|id| format!("`{id}`")).collect();
            let _ = writeln!(text, "- **Explains:** {}.", ids.join(", "));
        }
        for cite in check.cites {
            let _ = writeln!(text, "- <{cite}>");
        }
    }
    text.push_str("\n## Not checkable\n\nKnown causes that are rules rather than faults, repeat another, or cannot be seen by any means:\n\n");
    for (id, because) in NOT_CHECKABLE {
        let _ = writeln!(text, "- `{id}`: {because}");
    }
    text
}

fn scope(check: &Check) -> &'static str {
    match check.run {
        Run::Host(_) => "the host",
        Run::Lineage(_) => "each lineage",
        Run::Across(_) => "all lineages together",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
