//! Everybody on this host can read the private key.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{Exposure, HostFacts, Kind, Lineage, LinkState, Missing};

/// The key's mode and every folder above it let others in.
pub static CHECK: Check = Check {
    id: "privkey-world-readable",
    title: "everybody on this host can read the private key",
    severity: Severity::MayFail,
    why: "any local user or broken-into service can copy the key; some servers refuse such a file, and a CA must revoke \
          the certificate of a key that leaked",
    fix: "chmod 0600 the key in archive/NAME; certbot copies its group and the group's rights to the next one",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
        "https://github.com/certbot/certbot/issues/1473",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let link = lineage.link(Kind::Privkey);
    let (target, mode) = match &link.state {
        LinkState::Link { target, mode: Some(mode), .. } => (target, *mode),
        LinkState::Link { mode: None, .. } => {
            let Some(missing) = lineage.unread(Kind::Privkey) else { return Ok(vec![]) };
            return Err(missing.into());
        }
        LinkState::Unknown(missing) => return Err(missing.into()),
        LinkState::Absent | LinkState::NotALink(_) => {
            return Err(Skip::NotApplicable("privkey.pem is not a link into the archive"));
        }
    };
    let Some(exposure) = &lineage.key_exposed else { return Ok(vec![]) };
    if lineage.unread(Kind::Privkey).and_then(Missing::reported_by) == Some("file-unreadable") {
        return Err(Skip::NotApplicable("what stands there is no key"));
    }
    let finding = Finding::new(format!("everybody may read the private key of {}", lineage.name))
        .saw_wanted(target, format!("mode {mode:04o}"), "mode 0600, or 0640 with a group")
        .fix("take the right away", [format!("chmod o= {target}")])
        .bites_at(host.now);
    Ok(vec![match exposure {
        Exposure::Open => finding,
        Exposure::ShutBy(folder) => finding
            .saw(folder, "others may not pass")
            .lowered(Severity::Note, "a folder on the way keeps others out"),
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Exposure, Lineage, LinkState, Missing, Role, Why};

    fn readable(exposure: Exposure) -> Lineage {
        let mut lineage = lineage();
        let LinkState::Link { mode, .. } = &mut lineage.live[1].state else { panic!() };
        *mode = Some(0o644);
        lineage.key_exposed = Some(exposure);
        lineage
    }

    #[test]
    fn a_key_that_everybody_can_reach_may_fail() {
        let lineage = readable(Exposure::Open);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[0].saw, "mode 0644");
        assert_eq!(loud(&[lineage], &host()), ["privkey-world-readable"]);
    }

    #[test]
    fn one_behind_a_shut_folder_is_a_note() {
        let lineage = readable(Exposure::ShutBy("/etc/letsencrypt/archive".into()));
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::Note);
    }

    #[test]
    fn a_fifo_in_its_place_is_left_to_file_unreadable() {
        let mut lineage = readable(Exposure::Open);
        lineage.key = Err(Missing::new("/x", Why::NotAFile("a FIFO".into()), Role::Pem));
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn a_key_of_mode_0600_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_key_we_may_not_look_at_is_unknown() {
        let mut lineage = lineage();
        let LinkState::Link { mode, .. } = &mut lineage.live[1].state else { panic!() };
        *mode = None;
        lineage.key = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
