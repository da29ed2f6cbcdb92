//! certbot will have to register, and the CA wants credentials for that.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::{Choice, HostFacts, Lineage, UNUSED};

/// No account is left on the host, and the CA takes new ones only with an external account binding.
pub static CHECK: Check = Check {
    id: "eab-credentials-needed",
    title: "the CA takes new accounts only with credentials",
    severity: Severity::WillFail,
    why: "without an account certbot registers one, and this CA refuses: `externalAccountRequired`",
    fix: "register with the credentials of your account at the CA: certbot register --server URL --eab-kid ID --eab-hmac-key KEY",
    cites: &["https://www.rfc-editor.org/rfc/rfc8555#section-7.3.4"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let Ok(directory) = &ca.directory else { return Ok(vec![]) };
    let registers = matches!(host.account_of(lineage)?, Some(Choice::Any(accounts)) if accounts.is_empty());
    let given = host.cli("eab-kid").is_some() || host.given("eab-kid").is_some();
    if !directory.needs_eab || !registers || given {
        return Ok(vec![]);
    }
    let evidence =
        Evidence { kind: Source::Acme, ..Evidence::file(&ca.server, "externalAccountRequired: true") };
    let finding = Finding::new(format!(
        "{} has no account at {}, which takes none without credentials",
        lineage.name, ca.server
    ))
    .about(Subject::Server(ca.server.clone()))
    .evidence(Evidence { vantage: "CA".into(), ..evidence })
    .lowered_if(host.unused(lineage), Severity::Note, UNUSED);
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{ca_seen, denied, host, lineage, only, run, silent, unknown, unset};
    use crate::facts::{HostFacts, Lineage, Role};

    fn binding(needs: bool) -> Lineage {
        let mut lineage = ca_seen(|ca| ca.directory.as_mut().unwrap().needs_eab = needs);
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "account");
        lineage
    }

    fn without_accounts() -> HostFacts {
        HostFacts { accounts: Ok(vec![]), ..host() }
    }

    #[test]
    fn a_host_that_must_register_fails() {
        assert_eq!(only(&CHECK, &binding(true), &without_accounts()).0, Severity::WillFail);
    }

    #[test]
    fn an_account_that_is_there_and_a_ca_for_everybody_are_silent() {
        silent(&CHECK, &binding(true), &host());
        silent(&CHECK, &binding(false), &without_accounts());
        let hidden = HostFacts { accounts: denied(Role::Other), ..host() };
        unknown(&CHECK, &binding(true), &hidden);
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
