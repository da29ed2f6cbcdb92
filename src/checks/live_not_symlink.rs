//! certbot wants a symbolic link at each of the four live paths.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, LinkState};

/// A live path holds something else than a link, or nothing.
pub static CHECK: Check = Check {
    id: "live-not-symlink",
    title: "a live path is not a symbolic link",
    severity: Severity::WillFail,
    why: "certbot refuses the whole renewal configuration (`expected … to be a symlink`) and skips the lineage",
    fix: "link the four files of live/NAME to the newest complete set in archive/NAME, then try certbot renew --dry-run",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates"],
    explains: &[
        "symlink-target-missing",
        "renewalparams-missing",
        "authenticator-missing",
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let mut broken = Vec::new();
    for link in &lineage.live {
        match &link.state {
            LinkState::Link { .. } => {}
            LinkState::Absent => broken.push((link, "nothing is there".to_owned())),
            LinkState::NotALink(kind) => broken.push((link, kind.clone())),
            LinkState::Unknown(missing) => return Err(missing.into()),
        }
    }
    let Some((first, saw)) = broken.first() else { return Ok(vec![]) };
    // A container may see certbot's folder under another name than this host.
    if broken.iter().all(|(link, _)| !std::path::Path::new(&link.path).starts_with(&host.dirs.config)) {
        host.sees_certbots_paths()?;
    }
    let absent = broken.iter().filter(|(link, _)| matches!(link.state, LinkState::Absent)).count();
    let name = &lineage.name;
    let says = match broken.len() {
        1 if absent == 1 => format!("{} is missing", first.path),
        1 => format!("{} should be a symbolic link: {saw}", first.path),
        n => {
            let number = if n == 4 { "the four".to_owned() } else { format!("{n} of the four") };
            let are = match absent {
                0 => "are not symbolic links",
                _ if absent == n => "are missing",
                _ => "are missing or not symbolic links",
            };
            format!("{number} live paths of {} {are}", lineage.name)
        }
    };
    let mut finding = Finding::new(says).about(Subject::Lineage);
    for (link, saw) in &broken {
        finding = finding.saw_wanted(&link.path, saw.as_str(), "a symbolic link into archive/");
    }
    // `_fix_symlinks` stands before `_check_symlinks` in the constructor of certbot's lineage.
    // https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py
    if lineage.all_previous_links() && broken.iter().all(|(_, saw)| saw != "a folder") {
        for path in &lineage.previous_links {
            finding = finding.saw(path.as_str(), "a link that an update set aside");
        }
        return Ok(vec![
            finding
                .lowered(
                    Severity::Note,
                    "all four previous_*.pem are there, and certbot puts them back by itself",
                )
                .fix("let certbot put them back", [format!("certbot renew --cert-name {name}")]),
        ]);
    }
    if let Some(version) = lineage.archive.as_ref().ok().and_then(|archive| archive.latest_complete()) {
        let n = version.number;
        let relink = broken.iter().map(|(link, _)| {
            let word = link.kind.word();
            format!("ln -sfn ../../archive/{name}/{word}{n}.pem {}", link.path)
        });
        let folder = first.path.rsplit_once('/').filter(|_| absent == 4);
        let make = folder.map(|(folder, _)| format!("mkdir -p {folder}"));
        let test = format!("certbot renew --cert-name {name} --dry-run");
        finding = finding.fix(
            format!("link to version {n}, the newest complete one"),
            make.into_iter().chain(relink).chain([test]),
        );
    }
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, unknown};
    use crate::facts::{LinkState, Role};

    #[test]
    fn a_copied_file_fails_and_the_fix_relinks_it() {
        let mut lineage = lineage();
        lineage.live[1].state = LinkState::NotALink("a regular file".into());
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("privkey.pem"));
        assert!(finding.fix.unwrap().commands[0].contains("archive/example.com/privkey2.pem"));
    }

    #[test]
    fn an_absent_link_fails() {
        let mut lineage = lineage();
        lineage.live[0].state = LinkState::Absent;
        assert!(only(&CHECK, &lineage, &host()).1.says.ends_with("cert.pem is missing"));
    }

    #[test]
    fn a_live_folder_that_is_gone_is_made_first() {
        let mut lineage = lineage();
        lineage.live.iter_mut().for_each(|link| link.state = LinkState::Absent);
        let finding = only(&CHECK, &lineage, &host()).1;
        assert!(finding.says.ends_with("are missing"));
        assert_eq!(finding.fix.unwrap().commands[0], "mkdir -p /etc/letsencrypt/live/example.com");
    }

    #[test]
    fn what_certbot_puts_back_by_itself_is_a_note() {
        let mut lineage = lineage();
        lineage.live[0].state = LinkState::Absent;
        let previous = |word| format!("/etc/letsencrypt/live/example.com/previous_{word}.pem");
        lineage.previous_links = ["cert", "privkey", "chain", "fullchain"].map(previous).into();
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::Note);
        lineage.previous_links.pop();
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
    }

    #[test]
    fn four_links_are_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_folder_we_may_not_enter_is_unknown() {
        let mut lineage = lineage();
        lineage.live[0].state = LinkState::Unknown(denied::<()>(Role::Pem).unwrap_err());
        unknown(&CHECK, &lineage, &host());
    }
}
