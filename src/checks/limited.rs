//! What the checks of the CA's limits share: the last attempt that one of them refused. No check by itself.

use crate::check::{Evidence, Finding, Severity, Skip, Source, Verdict};
use crate::facts::{HostFacts, Lineage, Logged, UNUSED};

/// Why a limit whose time is over is no more than a note.
const OVER: &str = "the time for which the CA refuses is over, so that the next attempt may succeed";
/// Why a refusal without a time is no more than a note.
const NO_TIME: &str = "the CA names no time, so that the next attempt may succeed";

/// The last attempt of a lineage, where a limit refused it that the CA names with all of these words.
///
/// # Errors
/// certbot's log could not be read.
pub(super) fn refused<'a>(
    lineage: &Lineage,
    host: &'a HostFacts,
    words: &[&str],
) -> Result<Option<&'a Logged>, Skip> {
    Ok(host.failed(lineage)?.filter(|logged| is_of(logged, words)))
}

/// Whether a limit that the CA names with all of these words refused an attempt.
pub(super) fn is_of(logged: &Logged, words: &[&str]) -> bool {
    let says =
        |(kind, detail): (&str, &str)| kind == "rateLimited" && words.iter().all(|w| detail.contains(w));
    logged.refusal().is_some_and(says)
}

/// The finding for a lineage that a limit refuses, if one does.
///
/// # Errors
/// certbot's log could not be read.
pub(super) fn verdict(lineage: &Lineage, host: &HostFacts, words: &[&str], fix: &str) -> Verdict {
    let found = refused(lineage, host, words)?.map(|logged| finding(logged, host, fix));
    Ok(found
        .map(|finding| finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED))
        .into_iter()
        .collect())
}

/// The finding of a limit, else what is foreseen.
///
/// # Errors
/// Neither is known.
pub(super) fn verdict_or(
    lineage: &Lineage,
    host: &HostFacts,
    words: &[&str],
    fix: &str,
    foreseen: impl FnOnce() -> Verdict,
) -> Verdict {
    match verdict(lineage, host, words, fix) {
        Ok(found) if !found.is_empty() => Ok(found),
        passed => {
            let foreseen = foreseen()?;
            // What is foreseen is worth saying also where the log could not be read.
            if foreseen.is_empty() { passed } else { Ok(foreseen) }
        }
    }
}

/// What the CA said, and until when it holds.
pub(super) fn finding(logged: &Logged, host: &HostFacts, fix: &str) -> Finding {
    let detail = logged.refusal().map_or(logged.error.as_str(), |(_, detail)| detail);
    let said = detail.split(", retry after ").next().unwrap_or(detail);
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M UTC");
    let (name, at) = (&logged.lineage, time(logged.at));
    let until = logged.retry_after();
    let holds = until.filter(|until| *until > host.now);
    let says = match holds {
        Some(until) => format!("the CA refuses {name} until {}: {said}", time(until)),
        None => format!("the CA refused {name} on {at}: {said}"),
    };
    let evidence = Evidence { kind: Source::Log, ..Evidence::file(&logged.place, format!("{at}: {detail}")) };
    let finding = Finding::new(says).of([name]).evidence(evidence);
    let try_it = format!("certbot renew --cert-name {name}");
    let finding = match holds {
        Some(until) => {
            finding.fix(format!("{fix}; the CA takes the order again after {}", time(until)), [try_it])
        }
        None => finding.fix(fix, [try_it]),
    };
    let because = if until.is_some() { OVER } else { NO_TIME };
    finding.lowered_if(holds.is_none(), Severity::Note, because)
}

#[cfg(test)]
pub(super) mod fixture {
    use crate::check::{Check, Severity};
    use crate::checks::testing::{denied, failed, host, lineage, lives, only, silent, unknown};
    use crate::facts::{HostFacts, Role};

    /// The healthy host whose last attempt was refused by this limit until tomorrow.
    pub fn limited(detail: &str) -> HostFacts {
        until(detail, "2026-11-24 03:05:07 UTC")
    }

    fn until(detail: &str, until: &str) -> HostFacts {
        let error = format!(
            "urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given type :: {detail}, retry \
             after {until}: see https://letsencrypt.org/docs/rate-limits/"
        );
        failed(-1, &error, &[])
    }

    /// A limit may fail while it holds, is a note afterwards, and is silent after a success, for another reason and
    /// without a failure; unknown where the log cannot be read.
    pub fn judged(check: &Check, detail: &str) {
        let (severity, finding) = only(check, &lineage(), &limited(detail));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("until 2026-11-24 03:05 UTC"), "{}", finding.says);
        assert!(finding.fix.unwrap().summary.ends_with("takes the order again after 2026-11-24 03:05 UTC"));
        let over = until(detail, "2026-11-23 03:05:07 UTC");
        assert_eq!(only(check, &lineage(), &over).0, Severity::Note);
        let mut renewed = lineage();
        lives(&mut renewed, 0, 90);
        silent(check, &renewed, &limited(detail));
        silent(check, &lineage(), &limited("too many other things"));
        silent(check, &lineage(), &failed(-1, "Some challenges have failed.", &[]));
        silent(check, &lineage(), &host());
        unknown(check, &lineage(), &HostFacts { logged: denied(Role::Other), ..host() });
    }
}
