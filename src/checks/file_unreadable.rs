//! A conf or a PEM that is no regular file of a sane size.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage, LinkState, Missing};

/// Something that nobody can read as a file stands where a conf or a PEM should.
pub static CHECK: Check = Check {
    id: "file-unreadable",
    title: "a renewal configuration or PEM is not a readable file",
    severity: Severity::WillFail,
    why: "certbot stops at it or waits on it for ever: a FIFO, a device, a folder, links in a circle, a file of absurd size",
    fix: "put the real file back in its place, then try certbot renew --cert-name NAME --dry-run",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
        "https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref().err();
    let pems = lineage
        .live
        .iter()
        // What is no link at all belongs to live-not-symlink.
        .filter(|link| matches!(link.state, LinkState::Link { .. }))
        .filter_map(|link| lineage.unread(link.kind));
    let mut unknown = None;
    let mut bad: Vec<&Missing> = Vec::new();
    for missing in conf.into_iter().chain(pems) {
        match missing.reported_by() {
            Some("file-unreadable") if !bad.contains(&missing) => bad.push(missing),
            Some(_) => {}
            None => unknown = Some(missing),
        }
    }
    let Some(first) = bad.first() else {
        return unknown.map_or(Ok(vec![]), |missing| Err(Skip::Unknown(missing.clone())));
    };
    let mut finding = Finding::new(format!("{} cannot be read: {}", first.what, first.why)).fix(
        format!("put the real file back at {}", first.what),
        [format!("ls -lL {}", first.what), format!("certbot renew --cert-name {} --dry-run", lineage.name)],
    );
    for missing in bad {
        finding =
            finding.saw_wanted(&missing.what, missing.why.to_string(), "a regular file of a few kilobytes");
    }
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{LinkState, Missing, Role, Why};

    #[test]
    fn a_fifo_for_a_conf_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        let place = "/etc/letsencrypt/renewal/example.com.conf";
        lineage.conf = Err(Missing::new(place, Why::NotAFile("a FIFO".into()), Role::Conf));
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.says, format!("{place} cannot be read: is a FIFO, not a regular file"));
        assert_eq!(loud(&[lineage], &host()), ["file-unreadable"]);
    }

    #[test]
    fn a_huge_key_and_links_in_a_circle_fail() {
        for why in [Why::TooLarge(1 << 40, 1000), Why::Loop] {
            let mut lineage = lineage();
            if let (Why::Loop, LinkState::Link { mode, .. }) = (&why, &mut lineage.live[1].state) {
                *mode = None;
            }
            lineage.key = Err(Missing::new("/etc/letsencrypt/live/example.com/privkey.pem", why, Role::Pem));
            only(&CHECK, &lineage, &host());
            assert_eq!(loud(&[lineage], &host()), ["file-unreadable"]);
        }
    }

    #[test]
    fn files_are_silent_and_so_is_a_folder_in_a_links_place() {
        silent(&CHECK, &lineage(), &host());
        let mut folder = lineage();
        folder.live[0].state = LinkState::NotALink("a folder".into());
        folder.cert =
            Err(Missing::new(folder.live[0].path.clone(), Why::NotAFile("a folder".into()), Role::Pem));
        silent(&CHECK, &folder, &host());
    }

    #[test]
    fn our_own_lack_of_rights_is_unknown() {
        let mut shut = lineage();
        shut.conf = denied(Role::Conf);
        unknown(&CHECK, &shut, &host());
        let mut key = lineage();
        key.key = denied(Role::Pem);
        unknown(&CHECK, &key, &host());
    }
}
