//! Everybody on the host can read a DNS plugin's credentials.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{Credentials, HostFacts, Lineage, PathState};

/// The credentials file lets others read.
pub static CHECK: Check = Check {
    id: "dns-credentials-world-readable",
    title: "everybody may read the credentials of the DNS plugin",
    severity: Severity::Note,
    why: "whoever reads it can change the zone; certbot renews all the same and warns: `Unsafe permissions on credentials \
          configuration file`",
    fix: "let only root read it: chmod 600 FILE",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#dns-plugins"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(Credentials { setting, path: file, state }) = lineage.credentials(host)? else {
        return Ok(vec![]);
    };
    match state {
        Some(PathState::Unknown(missing)) => Err(Skip::Unknown(missing.clone())),
        Some(PathState::File { readable_by_all: true, .. }) => {
            let finding = Finding::new(format!("everybody on this host may read {file}"))
                .about(Subject::Path(file.to_owned()))
                .saw_wanted(lineage.conf.as_ref()?.at(setting), "readable by all", "readable by root alone");
            Ok(vec![finding.fix("let only root read it", [format!("chmod 600 {file}")])])
        }
        _ => Ok(vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{host, lineage, only, params, silent, unknown};
    use crate::facts::{Lineage, Missing, PathState, Role, Why};

    const FILE: &str = "/root/.secrets/ovh.ini";

    fn with(state: PathState) -> Lineage {
        let mut lineage = params(&[("authenticator", "dns-ovh"), ("dns_ovh_credentials", FILE)]);
        lineage.paths.insert(FILE.into(), state);
        lineage
    }

    #[test]
    fn a_file_that_lets_others_read_is_a_note() {
        let open = PathState::File { executable: false, readable_by_all: true };
        let (severity, finding) = only(&CHECK, &with(open), &host());
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.fix.unwrap().commands, ["chmod 600 /root/.secrets/ovh.ini"]);
    }

    #[test]
    fn a_closed_file_and_a_webroot_are_silent_and_a_hidden_one_is_unknown() {
        silent(&CHECK, &with(PathState::File { executable: false, readable_by_all: false }), &host());
        silent(&CHECK, &lineage(), &host());
        unknown(&CHECK, &with(PathState::Unknown(Missing::new(FILE, Why::Denied, Role::Other))), &host());
    }
}
