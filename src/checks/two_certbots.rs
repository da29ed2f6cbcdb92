//! More than one certbot is installed.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::HostFacts;

/// Several certbots share one `/etc/letsencrypt`.
pub static CHECK: Check = Check {
    id: "two-certbots",
    title: "more than one certbot is installed",
    severity: Severity::Note,
    why: "each has its own version, plugins and timer, and all write the same folder; which of them renews depends on the \
          schedule",
    fix: "keep one: remove the package certbot (apt, dnf, apk …), or snap remove certbot, or delete the virtual environment",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/install.html"],
    explains: &[],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let installs = host.installs.as_ref()?;
    if installs.len() < 2 || host.renewal.as_ref()?.confs == 0 {
        return Ok(vec![]);
    }
    let mut finding = Finding::new(format!("{} certbots share {}", installs.len(), host.dirs.config))
        .about(crate::check::Subject::Host);
    for install in installs {
        let version = install.version.as_deref().unwrap_or("of unknown version");
        finding = finding.saw(&install.path, format!("certbot {version} ({})", install.kind.word()));
    }
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, unknown, with_certbots};
    use crate::facts::{Renewal, Role};

    #[test]
    fn two_are_noted_with_their_places() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_certbots(&["2.1.0", "5.8.0"]));
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn one_or_none_or_no_lineage_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &with_certbots(&[]));
        let mut host = with_certbots(&["2.1.0", "5.8.0"]);
        host.renewal = Ok(Renewal::default());
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn certbots_that_cannot_be_listed_are_unknown() {
        let mut host = host();
        host.installs = denied(Role::Other);
        unknown(&CHECK, &lineage(), &host);
    }
}
