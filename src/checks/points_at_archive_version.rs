//! A server's configuration names one version in the archive instead of the live link.

use std::collections::BTreeMap;

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{CertRef, HostFacts, Kind};

/// A path such as `archive/NAME/fullchain3.pem` stands in a server's configuration.
pub static CHECK: Check = Check {
    id: "points-at-archive-version",
    title: "a server names one version in the archive",
    severity: Severity::MayFail,
    why: "the next renewal writes the next number and the server goes on with this one until it expires; later certbot \
          deletes the file, and the server's reload fails",
    fix: "name the link in live/ instead of the numbered file in archive/, then reload the server",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates"],
    explains: &[],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let mut found: BTreeMap<&str, Vec<(&CertRef, &str)>> = BTreeMap::new();
    for reference in &host.servers.refs {
        if let Some((lineage, kind)) = version(reference.meant()) {
            found.entry(reference.lineage.as_deref().unwrap_or(lineage)).or_default().push((reference, kind));
        }
    }
    Ok(found
        .into_iter()
        .filter_map(|(lineage, refs)| {
            let (first, _) = refs.first()?;
            let file = first.meant().rsplit('/').next().unwrap_or(&first.path);
            let says = format!(
                "{} names {file} of {lineage} and will never see the next version",
                first.server.word()
            );
            let mut finding = Finding::new(says).of([lineage]);
            for (reference, kind) in &refs {
                let link = reference.via.as_ref().map(|via| format!(" -> {via}")).unwrap_or_default();
                finding = finding.saw_wanted(
                    &reference.r#where,
                    format!("{} {}{link}", reference.directive, reference.path),
                    format!("{}/live/{lineage}/{kind}.pem", host.dirs.config),
                );
            }
            let (from, to) = (
                format!("{}/archive/{lineage}/", host.dirs.config),
                format!("{}/live/{lineage}/", host.dirs.config),
            );
            Some(finding.fix(
                format!("replace {from}KINDn.pem by {to}KIND.pem, then reload {}", first.server.word()),
                Vec::<String>::new(),
            ))
        })
        .collect())
}

/// Lineage and kind of `…/archive/NAME/KINDn.pem`.
fn version(path: &str) -> Option<(&str, &'static str)> {
    let (_, rest) = path.rsplit_once("/archive/")?;
    let (lineage, file) = rest.split_once('/')?;
    let stem = file.strip_suffix(".pem")?;
    let kind = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let known = Kind::ALL.iter().map(|k| k.word()).find(|word| *word == kind)?;
    (stem.len() > kind.len() && !lineage.is_empty()).then_some((lineage, known))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cert_ref, host, lineage, only, run, silent};
    use crate::facts::{CertRef, HostFacts, Servers};

    fn naming(paths: &[&str]) -> HostFacts {
        let refs: Vec<CertRef> = paths.iter().map(|path| cert_ref("example.com", path)).collect();
        HostFacts { servers: Servers { refs, ..Servers::default() }.indexed(), ..host() }
    }

    #[test]
    fn a_numbered_file_may_fail_once_for_certificate_and_key() {
        let archive = "/etc/letsencrypt/archive/example.com";
        let host = naming(&[&format!("{archive}/fullchain3.pem"), &format!("{archive}/privkey3.pem")]);
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.lineages, ["example.com"]);
        assert_eq!(finding.evidence.len(), 2);
        assert_eq!(
            finding.evidence[0].wanted.as_deref(),
            Some("/etc/letsencrypt/live/example.com/fullchain.pem")
        );
    }

    #[test]
    fn two_lineages_are_two_faults() {
        let mut host = naming(&["/etc/letsencrypt/archive/example.com/cert1.pem"]);
        host.servers.refs.push(cert_ref("b.example", "/etc/letsencrypt/archive/b.example/fullchain12.pem"));
        assert_eq!(run(&CHECK, &lineage(), &host).unwrap().len(), 2);
    }

    #[test]
    fn live_links_and_other_archives_are_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &naming(&["/srv/archive/2026/site.pem", "/srv/archive/x/fullchain.pem"]));
    }

    #[test]
    fn no_server_configuration_at_all_is_silent() {
        let mut host = host();
        host.servers = Servers::default();
        silent(&CHECK, &lineage(), &host);
    }
}
