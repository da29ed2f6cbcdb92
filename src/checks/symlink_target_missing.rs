//! A live link whose file in the archive is gone.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage, LinkState, Why};

/// A live path is a link, and nothing stands where it leads.
pub static CHECK: Check = Check {
    id: "symlink-target-missing",
    title: "a live link leads to a file that does not exist",
    severity: Severity::WillFail,
    why: "certbot refuses the whole renewal configuration (`target … of symlink … does not exist`) and skips the \
          lineage; no server that names the link can start",
    fix: "restore archive/NAME from a backup, or move the lineage aside and reissue it under the same --cert-name",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &[
        "renewalparams-missing",
        "authenticator-missing",
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let mut broken = Vec::new();
    for link in &lineage.live {
        let LinkState::Link { text, target, mode: None, .. } = &link.state else { continue };
        match lineage.unread(link.kind).map(|missing| (&missing.why, missing)) {
            Some((Why::NotFound, _)) | None => broken.push((link, text, target)),
            // Links that lead in a circle belong to file-unreadable.
            Some((_, missing)) if missing.reported_by().is_some() => {}
            Some((_, missing)) => return Err(Skip::Unknown(missing.clone())),
        }
    }
    let Some((first, _, target)) = broken.first() else { return Ok(vec![]) };
    let says = match broken.len() {
        1 => format!("{} leads to {target}, which does not exist", first.path),
        4 => format!("the live links of {} lead to files that do not exist", lineage.name),
        n => format!("{n} of the four live links of {} lead to files that do not exist", lineage.name),
    };
    let mut finding = Finding::new(says);
    for (link, text, target) in &broken {
        finding = finding.saw_wanted(&link.path, format!("-> {text}"), format!("the file {target}"));
    }
    let name = &lineage.name;
    let complete = lineage.archive.as_ref().ok().and_then(|archive| archive.latest_complete());
    Ok(vec![match complete {
        Some(version) => {
            let n = version.number;
            let relink = lineage.live.iter().map(|link| {
                format!("ln -sfn ../../archive/{name}/{}{n}.pem {}", link.kind.word(), link.path)
            });
            let test = format!("certbot renew --cert-name {name} --dry-run");
            finding.fix(format!("link to version {n}, the newest complete one"), relink.chain([test]))
        }
        None => finding.fix(
            format!("restore archive/{name} from a backup; without one, delete the lineage and reissue it"),
            [format!("certbot delete --cert-name {name}")],
        ),
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Lineage, LinkState, Missing, Role, SignatureState, Why};

    fn cut(lineage: &mut Lineage, kinds: &[usize], why: Why) {
        for kind in kinds {
            let LinkState::Link { mode, .. } = &mut lineage.live[*kind].state else { panic!() };
            *mode = None;
            let missing = Missing::new(lineage.live[*kind].path.clone(), why.clone(), Role::Pem);
            match kind {
                0 => lineage.cert = Err(missing),
                1 => lineage.key = Err(missing),
                2 => lineage.chain = Err(missing),
                _ => lineage.fullchain = Err(missing),
            }
        }
    }

    #[test]
    fn a_pruned_key_fails_and_the_fix_names_a_complete_version() {
        let mut lineage = lineage();
        cut(&mut lineage, &[1], Why::NotFound);
        lineage.archive.as_mut().unwrap().versions[1].present[1] = false;
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("privkey2.pem"));
        assert!(finding.fix.unwrap().commands[0].contains("cert1.pem"));
    }

    #[test]
    fn a_tree_restored_without_its_archive_is_one_loud_finding() {
        let mut lineage = lineage();
        cut(&mut lineage, &[0, 1, 2, 3], Why::NotFound);
        lineage.signed = SignatureState::NotChecked;
        lineage.archive = Err(Missing::new("/etc/letsencrypt/archive/example.com", Why::NotFound, Role::Pem));
        assert!(only(&CHECK, &lineage, &host()).1.says.starts_with("the live links"));
        assert_eq!(loud(&[lineage], &host()), ["symlink-target-missing"]);
    }

    #[test]
    fn good_links_and_what_is_no_link_are_silent() {
        silent(&CHECK, &lineage(), &host());
        let mut copied = lineage();
        copied.live[0].state = LinkState::NotALink("a regular file".into());
        copied.live[1].state = LinkState::Absent;
        silent(&CHECK, &copied, &host());
    }

    #[test]
    fn links_in_a_circle_are_left_to_file_unreadable() {
        let mut lineage = lineage();
        cut(&mut lineage, &[0], Why::Loop);
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn an_archive_we_may_not_enter_is_unknown() {
        let mut shut = lineage();
        cut(&mut shut, &[0], Why::Denied);
        unknown(&CHECK, &shut, &host());
        let mut unread = lineage();
        unread.conf = denied(Role::Conf);
        unknown(&CHECK, &unread, &host());
    }
}
