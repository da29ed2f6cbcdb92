//! The file with a DNS plugin's credentials is gone.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{Credentials, HostFacts, Lineage, PathState};

/// The conf names a credentials file that does not exist.
pub static CHECK: Check = Check {
    id: "dns-credentials-missing",
    title: "the credentials file of the DNS plugin does not exist",
    severity: Severity::WillFail,
    why: "certbot's DNS plugins read the file at each renewal and stop without it: `File not found: FILE`",
    fix: "put the file back, readable for root alone, or name another one: certbot reconfigure --cert-name NAME",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#dns-plugins"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(Credentials { setting, path: file, state }) = lineage.credentials(host)? else {
        return Ok(vec![]);
    };
    let conf = lineage.conf.as_ref()?;
    match state {
        Some(PathState::Unknown(missing)) => Err(Skip::Unknown(missing.clone())),
        Some(PathState::File { .. }) => Ok(vec![]),
        Some(PathState::Folder | PathState::Shut(_) | PathState::Absent(_)) => {
            let saw = if matches!(state, Some(PathState::Absent(_))) { "nothing" } else { "a folder" };
            let finding =
                Finding::new(format!("{file}, the credentials of {}, does not exist", lineage.name))
                    .about(Subject::Path(file.to_owned()))
                    .saw_wanted(
                        conf.at(setting),
                        format!("{} = {file}: {saw}", setting.key),
                        "a file that root can read",
                    );
            Ok(vec![finding.fix("put the file back, readable for root alone", [format!("chmod 600 {file}")])])
        }
        None => Ok(vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cli_ini, denied, host, lineage, only, params, silent, unknown};
    use crate::facts::{Lineage, Missing, PathState, Role, Why};

    const FILE: &str = "/root/.secrets/cloudflare.ini";

    fn with(state: PathState) -> Lineage {
        let mut lineage =
            params(&[("authenticator", "dns-cloudflare"), ("dns_cloudflare_credentials", FILE)]);
        lineage.paths.insert(FILE.into(), state);
        lineage
    }

    #[test]
    fn a_file_that_is_gone_fails() {
        let (severity, finding) = only(&CHECK, &with(PathState::Absent("/root/.secrets".into())), &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.starts_with(FILE));
    }

    #[test]
    fn a_file_that_is_there_and_a_webroot_are_silent() {
        silent(&CHECK, &with(PathState::File { executable: false, readable_by_all: false }), &host());
        silent(&CHECK, &lineage(), &host());
        // A leftover of a plugin that is not used any more.
        let mut other = with(PathState::Absent(FILE.into()));
        crate::checks::testing::set(
            other.conf.as_mut().unwrap(),
            "renewalparams",
            "authenticator",
            "webroot",
        );
        silent(&CHECK, &other, &host());
    }

    #[test]
    fn a_file_of_cli_ini_counts_before_it() {
        let gone = with(PathState::Absent(FILE.into()));
        silent(&CHECK, &gone, &cli_ini(&[("dns-cloudflare-credentials", "/root/other.ini")]));
        silent(&CHECK, &gone, &cli_ini(&[("authenticator", "webroot")]));
        let same = [("authenticator", "dns-cloudflare"), ("dns-cloudflare-credentials", FILE)];
        assert_eq!(only(&CHECK, &gone, &cli_ini(&same)).0, Severity::WillFail);
    }

    #[test]
    fn what_may_not_be_looked_at_is_unknown() {
        unknown(&CHECK, &with(PathState::Unknown(Missing::new(FILE, Why::Denied, Role::Other))), &host());
        let mut unread = lineage();
        unread.conf = denied(Role::Conf);
        unknown(&CHECK, &unread, &host());
    }
}
