//! A lineage's folders without a renewal configuration.

use std::collections::HashSet;

use crate::check::{Check, Finding, Fix, Run, Severity, Skip, Subject, Verdict};
use crate::checks::symlink_target_missing::domains;
use crate::facts::{HostFacts, Orphan, Renewal, Usage, Why};
use crate::index::{Index, Row};

/// `live/NAME` or `archive/NAME` is there, and nothing will ever renew it.
pub static CHECK: Check = Check {
    id: "orphan-lineage-no-conf",
    title: "a certificate has no renewal configuration",
    severity: Severity::WillFail,
    why: "`certbot renew` reads renewal/*.conf alone: it says nothing about this certificate, exits 0 and lets it expire; \
          reissuing under the name fails with `archive directory exists`",
    fix: "restore renewal/NAME.conf from a backup, or write it anew from another lineage's; only where no server reads \
          live/NAME any more move it and archive/NAME aside",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
        "https://github.com/certbot/certbot/issues/5395",
    ],
    explains: &[],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let orphans = host.orphans.as_ref()?;
    let renewal = host.renewal.as_ref()?;
    let used = folders_of_others(index, renewal)?;
    let mut findings: Vec<(Severity, Finding)> = Vec::new();
    for orphan in orphans {
        let folders = [&orphan.live, &orphan.archive];
        if folders.into_iter().flatten().any(|folder| used.contains(folder.as_str())) {
            continue;
        }
        let (severity, because) = match weight(host, orphan) {
            (Severity::MayFail, _) if covered(index, orphan) => (
                Severity::Note,
                "a lineage that is renewed holds all of its names, and no server found here names it",
            ),
            weight => weight,
        };
        let is_stray = renewal.strays.iter().any(|stray| stray.lineage == orphan.name);
        let finding = finding(index, host, orphan).lowered_if(severity < CHECK.severity, severity, because);
        // A whole renewal/ that is gone is one fault, not one for each lineage.
        match findings.iter_mut().find(|(s, _)| renewal.confs == 0 && !is_stray && *s == severity) {
            Some((_, first)) => {
                let count = first.lineages.len() + 1;
                first.says =
                    format!("{count} certificates have no renewal configuration: {} is empty", renewal.path);
                first.subject = Subject::Path(renewal.path.clone());
                first.lineages.push(orphan.name.clone());
                first.evidence.extend(finding.evidence);
                first.fix = Some(Fix {
                    summary: format!("restore {} from a backup", renewal.path),
                    commands: vec!["certbot renew --dry-run".to_owned()],
                });
            }
            None => findings.push((severity, finding)),
        }
    }
    Ok(findings.into_iter().map(|(_, finding)| finding).collect())
}

/// Whether a lineage with a conf holds all names of the orphan, in a certificate that is no older: a backup's copy.
fn covered(index: &Index, orphan: &Orphan) -> bool {
    let Ok(cert) = &orphan.cert else { return false };
    index.rows.iter().any(|row| {
        row.validity.is_some_and(|(_, after)| after >= cert.not_after)
            && cert.names.iter().all(|name| row.names.iter().any(|held| **held == **name))
    })
}

/// Folders that lineages of another name use: one that was renamed by hand keeps its old folders.
pub(super) fn folders_of_others<'a>(index: &'a Index, renewal: &Renewal) -> Result<HashSet<&'a str>, Skip> {
    if index.rows.len() < renewal.confs {
        return Err(Skip::NotAsked("only some of the lineages were asked about"));
    }
    Ok(index.rows.iter().flat_map(|row| &row.folders).map(|folder| &**folder).collect())
}

/// How loud it is that nothing renews this certificate.
pub(super) fn weight(host: &HostFacts, orphan: &Orphan) -> (Severity, &'static str) {
    if matches!(host.servers.usage(&orphan.name), Usage::Named(_)) {
        return (Severity::WillFail, "a server names it");
    }
    match &orphan.cert {
        Ok(cert) if cert.not_after <= host.now => {
            (Severity::Note, "it has expired, and no server found on this host names it")
        }
        _ if orphan.live.is_none() => {
            (Severity::Note, "only its archive is left, and no server found here names it")
        }
        Err(missing) if matches!(missing.why, Why::NotFound) => {
            (Severity::Note, "there is no certificate in it, and no server found on this host names it")
        }
        _ => (Severity::MayFail, "no server found on this host names it"),
    }
}

fn finding(index: &Index, host: &HostFacts, orphan: &Orphan) -> Finding {
    let name = &orphan.name;
    let conf = format!("{}/renewal/{name}.conf", host.dirs.config);
    let folders: Vec<&String> = [&orphan.live, &orphan.archive].into_iter().flatten().collect();
    let mut finding = Finding::new(format!("nothing renews {name}: there is no {conf}"))
        .of([name])
        .about(Subject::Path(folders.first().map_or_else(|| name.clone(), |folder| (*folder).clone())));
    if let Ok(cert) = &orphan.cert {
        finding = finding.bites_at(cert.not_after);
    }
    for folder in &folders {
        let saw = match &orphan.cert {
            Ok(cert) => format!("a certificate until {}", cert.not_after),
            Err(_) => "a folder".to_owned(),
        };
        finding = finding.saw_wanted(folder.as_str(), saw, &conf);
    }
    if let Usage::Named(refs) = host.servers.usage(name) {
        for line in refs.iter().take(3) {
            finding = finding.saw(&line.r#where, format!("{} {}", line.directive, line.path));
        }
    }
    let test = format!("certbot renew --cert-name {name} --dry-run");
    let names = orphan.cert.as_ref().map(|cert| cert.names.as_slice()).unwrap_or_default();
    match weight(host, orphan) {
        (Severity::Note, _) if orphan.cert.as_ref().is_ok_and(|cert| cert.not_after <= host.now) => finding.fix(
            "remove the folders, if nothing needs them any more",
            folders.iter().map(|folder| format!("rm -r {folder}")),
        ),
        (Severity::WillFail, _) => match sibling(index, orphan).filter(|_| plain(&host.dirs.config)) {
            Some((row, plugin)) => finding.fix(
                format!(
                    "restore the conf from a backup; without one, write it anew from that of {}, which renews with \
                     {plugin}, look it through and try it",
                    row.name
                ),
                [written_from(row, name, &host.dirs.config), test],
            ),
            None => finding.fix(
                "restore the conf from a backup; without one, reissue it under another name and let the server read that",
                [format!("certbot certonly --cert-name {name}-new{}", domains(names))],
            ),
        },
        _ => finding.fix(
            "restore the conf from a backup if it is still needed; if not, move the folders aside",
            folders.iter().map(|folder| format!("mv {folder} /root/")),
        ),
    }
}

/// The lineage whose conf is most likely to do for the orphan: of the same issuer, and with a plugin that needs least.
fn sibling<'a>(index: &'a Index, orphan: &Orphan) -> Option<(&'a Row, &'a str)> {
    let issuer = orphan.cert.as_ref().map(|cert| cert.issuer.as_str()).unwrap_or_default();
    let candidates = index.rows.iter().filter_map(|row| Some((row, row.authenticator.as_deref()?)));
    candidates
        .filter(|(row, plugin)| {
            *plugin != "manual" && row.folders.is_empty() && plain(&row.name) && plain(&orphan.name)
        })
        .min_by_key(|(row, plugin)| (row.issuer.as_deref() != Some(issuer), *plugin == "webroot"))
}

/// Whether it may stand in a quoted pattern and without quotes.
fn plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.-_".contains(&b))
}

fn written_from(row: &Row, name: &str, config: &str) -> String {
    let pattern = row.name.replace('.', "\\.");
    format!("sed 's/{pattern}/{name}/g' {config}/renewal/{}.conf > {config}/renewal/{name}.conf", row.name)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        across, cert, cert_ref, days, denied, host, lineage, lineage_with, only, silent,
    };
    use crate::facts::{Fact, HostFacts, Missing, Orphan, Role, Servers, Why};

    fn orphan(name: &str) -> Orphan {
        Orphan {
            name: name.into(),
            live: Some(format!("/etc/letsencrypt/live/{name}")),
            archive: Some(format!("/etc/letsencrypt/archive/{name}")),
            cert: Ok(cert(&[name])),
        }
    }

    fn with(orphans: Vec<Orphan>) -> HostFacts {
        HostFacts { orphans: Ok(orphans), ..host() }
    }

    #[test]
    fn one_that_a_server_names_fails() {
        let mut host = with(vec![orphan("old.example")]);
        host.servers = Servers { refs: vec![cert_ref("old.example", "/x")], ..Servers::default() }.indexed();
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.lineages, ["old.example"]);
        assert_eq!(
            finding.fix.unwrap().commands[0],
            "sed 's/example\\.com/old.example/g' /etc/letsencrypt/renewal/example.com.conf > \
             /etc/letsencrypt/renewal/old.example.conf"
        );
    }

    #[test]
    fn without_a_sibling_what_the_server_reads_stays_where_it_is() {
        let mut host = with(vec![orphan("old.example")]);
        host.servers = Servers { refs: vec![cert_ref("old.example", "/x")], ..Servers::default() }.indexed();
        let manual = lineage_with("authenticator", "manual");
        assert_eq!(
            only(&CHECK, &manual, &host).1.fix.unwrap().commands,
            ["certbot certonly --cert-name old.example-new -d old.example"]
        );
    }

    #[test]
    fn one_that_no_server_names_may_fail_and_an_expired_one_is_a_note() {
        assert_eq!(only(&CHECK, &lineage(), &with(vec![orphan("old.example")])).0, Severity::MayFail);
        let mut expired = orphan("old.example");
        expired.cert.as_mut().unwrap().not_after = days(-1);
        let (severity, finding) = only(&CHECK, &lineage(), &with(vec![expired]));
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.fix.unwrap().commands[0], "rm -r /etc/letsencrypt/live/old.example");
    }

    #[test]
    fn an_archive_alone_and_an_empty_folder_are_notes() {
        let archive = Orphan { live: None, ..orphan("old.example") };
        assert_eq!(only(&CHECK, &lineage(), &with(vec![archive])).0, Severity::Note);
        let nothing: Fact<_> = Err(Missing::new("/x", Why::NotFound, Role::Other));
        let empty = Orphan { cert: nothing, ..orphan("old.example") };
        assert_eq!(only(&CHECK, &lineage(), &with(vec![empty])).0, Severity::Note);
    }

    #[test]
    fn a_renewal_folder_without_confs_is_one_finding() {
        let mut host = with(vec![orphan("a.example"), orphan("b.example"), orphan("c.example")]);
        host.renewal.as_mut().unwrap().confs = 0;
        let findings = across(&CHECK, &[], &host).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].lineages.len(), 3);
        assert!(findings[0].says.starts_with("3 certificates"));
    }

    #[test]
    fn folders_that_a_conf_of_another_name_uses_are_silent() {
        let mut renamed = lineage();
        renamed.name = "new.example".into();
        silent(&CHECK, &renamed, &with(vec![orphan("example.com")]));
    }

    #[test]
    fn an_audit_of_some_lineages_does_not_look_for_others() {
        let verdict = across(&CHECK, &[], &with(vec![orphan("old.example")]));
        assert!(matches!(verdict, Err(Skip::NotAsked(_))));
    }

    #[test]
    fn no_orphan_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn folders_we_may_not_list_are_unknown() {
        let host = HostFacts { orphans: denied(Role::ConfigDir), ..host() };
        assert!(matches!(across(&CHECK, &[], &host), Err(Skip::Unknown(_))));
    }
}
