//! A conf whose file name certbot does not read.

use std::collections::BTreeMap;

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::checks::orphan_lineage_no_conf::{folders_of_others, weight};
use crate::facts::{HostFacts, StrayConf};
use crate::index::Index;

/// `NAME.conf.bak`, `NAME.conf.disabled` … stands where `NAME.conf` should.
pub static CHECK: Check = Check {
    id: "conf-not-dot-conf",
    title: "a renewal configuration has a name that certbot does not read",
    severity: Severity::WillFail,
    why: "`certbot renew` reads renewal/*.conf alone: it passes the file over without a word, exits 0 and lets the \
          certificate expire",
    fix: "rename the file back to renewal/NAME.conf, then try certbot renew --cert-name NAME --dry-run",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py"],
    explains: &["orphan-lineage-no-conf"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let renewal = host.renewal.as_ref()?;
    let orphans = host.orphans.as_ref()?;
    let used = folders_of_others(index, renewal)?;
    let mut by_lineage: BTreeMap<&str, Vec<&StrayConf>> = BTreeMap::new();
    for stray in renewal.strays.iter().filter(|s| !s.has_conf && s.has_live && !is_leftover(&s.path)) {
        by_lineage.entry(&stray.lineage).or_default().push(stray);
    }
    let mut findings = Vec::new();
    for (name, strays) in by_lineage {
        let Some(first) = strays.first() else { continue };
        if used.contains(format!("{}/live/{name}", host.dirs.config).as_str()) {
            continue;
        }
        let conf = format!("{}/{name}.conf", renewal.path);
        let file = first.path.rsplit('/').next().unwrap_or(&first.path);
        let mut finding = Finding::new(format!("certbot does not read {file}, so nothing renews {name}"))
            .of([name])
            .about(Subject::Path(first.path.clone()))
            .fix(
                "give the file its name back",
                [format!("mv {} {conf}", first.path), format!("certbot renew --cert-name {name} --dry-run")],
            );
        for stray in &strays {
            finding = finding.saw_wanted(&stray.path, "a file with another name", &conf);
        }
        if let Some(orphan) = orphans.iter().find(|orphan| orphan.name == name) {
            let (severity, because) = weight(host, orphan);
            finding = finding.lowered_if(severity < CHECK.severity, severity, because);
            if let Ok(cert) = &orphan.cert {
                finding = finding.bites_at(cert.not_after);
            }
        }
        findings.push(finding);
    }
    Ok(findings)
}

/// What editors, packages and certbot itself leave behind, and never a conf that somebody renamed.
fn is_leftover(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("README")
        || name.starts_with(".#")
        || name.contains(".dpkg-")
        || ["~", ".new", ".swp", ".swo", ".tmp"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{across, cert, denied, host, lineage, loud, only, silent};
    use crate::facts::{HostFacts, Orphan, Role, StrayConf};

    fn with(files: &[&str], has_conf: bool, has_live: bool) -> HostFacts {
        let mut host = host();
        host.renewal.as_mut().unwrap().strays = files
            .iter()
            .map(|file| StrayConf {
                path: format!("/etc/letsencrypt/renewal/{file}"),
                lineage: "old.example".into(),
                has_conf,
                has_live,
            })
            .collect();
        if has_live && !has_conf {
            host.orphans = Ok(vec![Orphan {
                name: "old.example".into(),
                live: Some("/etc/letsencrypt/live/old.example".into()),
                archive: None,
                cert: Ok(cert(&["old.example"])),
            }]);
        }
        host
    }

    #[test]
    fn a_renamed_conf_is_as_loud_as_its_orphan_and_explains_it() {
        let mut host = with(&["old.example.conf.disabled"], false, true);
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::MayFail);
        assert_eq!(loud(&[lineage()], &host), ["conf-not-dot-conf"]);
        host.servers.refs[0].lineage = Some("old.example".into());
        host.servers = host.servers.indexed();
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.fix.unwrap().commands[0].ends_with("/etc/letsencrypt/renewal/old.example.conf"));
        assert_eq!(loud(&[lineage()], &host), ["conf-not-dot-conf"]);
    }

    #[test]
    fn two_files_of_one_lineage_are_one_finding() {
        let host = with(&["old.example.conf.1", "old.example.conf.bak"], false, true);
        assert_eq!(only(&CHECK, &lineage(), &host).1.evidence.len(), 2);
    }

    #[test]
    fn leftovers_and_copies_beside_a_conf_are_silent() {
        for file in ["README", "old.example.conf~", "old.example.conf.new", "old.example.conf.dpkg-old"] {
            silent(&CHECK, &lineage(), &with(&[file], false, true));
        }
        silent(&CHECK, &lineage(), &with(&["old.example.conf.bak"], true, true));
        silent(&CHECK, &lineage(), &with(&["old.example.conf.bak"], false, false));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_folder_that_a_conf_of_another_name_uses_is_silent() {
        let mut host = with(&["old.example.conf.bak"], false, true);
        host.renewal.as_mut().unwrap().strays[0].lineage = "example.com".into();
        let mut renamed = lineage();
        renamed.name = "new.example".into();
        silent(&CHECK, &renamed, &host);
    }

    #[test]
    fn a_renewal_folder_we_may_not_list_is_unknown() {
        let host = HostFacts { renewal: denied(Role::ConfigDir), ..host() };
        assert!(matches!(across(&CHECK, &[], &host), Err(Skip::Unknown(_))));
    }
}
