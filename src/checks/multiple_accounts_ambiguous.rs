//! Several accounts, and nothing says which.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{Account, Choice, HostFacts, Lineage};

/// certbot would ask, and nobody is there to answer.
pub static CHECK: Check = Check {
    id: "multiple-accounts-ambiguous",
    title: "there are several accounts, and the renewal does not say which to use",
    severity: Severity::WillFail,
    why: "certbot asks `Please choose an account`, and from a timer or cron that is an error on the day the certificate is due",
    fix: "write `account = ID` into [renewalparams] of renewal/NAME.conf",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/main.py",
        "https://github.com/certbot/certbot/issues/9805",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if !conf.has_section("renewalparams") {
        return Err(Skip::NotApplicable("the conf has no [renewalparams]"));
    }
    let (Some(choice), Some(folder)) = (host.account_of(lineage)?, lineage.account_folder(host)) else {
        return Ok(vec![]);
    };
    let Choice::Any(accounts) = choice else { return staging(lineage, host) };
    let accounts: Vec<&Account> = accounts.into_iter().filter(|account| account.loads()).collect();
    let Some(first) = accounts.get(..2).and_then(|two| two.first()) else { return Ok(vec![]) };
    let n = accounts.len();
    let mut finding = Finding::new(format!("{} does not say which of {n} accounts to use", lineage.name))
        .saw_wanted(
            &conf.path,
            "no `account` in [renewalparams]",
            format!("account = {} or another", first.id),
        );
    for account in accounts.iter().take(8) {
        let made = account.meta.as_ref().map_or("an account", |meta| meta.value.as_str());
        finding = finding.saw(&account.path, format!("made {made}"));
    }
    Ok(vec![finding.fix(
        format!("name one of the accounts of {folder}"),
        [
            format!("sed -i '/^\\[renewalparams\\]/a account = {}' {}", first.id, conf.path),
            format!("certbot renew --cert-name {} --dry-run", lineage.name),
        ],
    )])
}

/// A dry run asks Let's Encrypt's staging server, where the conf's account does not exist.
fn staging(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let asks_staging = lineage.server().is_some_and(crate::ca::is_lets_encrypt);
    let accounts = host.accounts_at(&crate::ca::account_folder(crate::ca::LETS_ENCRYPT_STAGING))?;
    let accounts: Vec<&Account> = accounts.into_iter().filter(|account| account.loads()).collect();
    if !asks_staging || accounts.len() < 2 {
        return Ok(vec![]);
    }
    let mut finding = Finding::new(format!(
        "`certbot renew --dry-run` will ask which of {} staging accounts to use; renewals do not",
        accounts.len()
    ))
    .about(Subject::Server(crate::ca::LETS_ENCRYPT_STAGING.into()));
    for account in accounts.iter().take(8) {
        finding = finding.saw(&account.path, "a staging account");
    }
    let rest = accounts.iter().skip(1).map(|account| format!("mv {} /root/", account.path));
    Ok(vec![
        finding
            .fix("keep one of the staging accounts", rest.collect::<Vec<_>>())
            .lowered(Severity::Note, "only dry runs are concerned"),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, loud, only, silent, unknown};
    use crate::facts::{HostFacts, Missing, Role, Why};

    fn two(server: &str) -> HostFacts {
        let mut host = host();
        let accounts = host.accounts.as_mut().unwrap();
        for id in ["a", "b"] {
            let mut account = accounts[0].clone();
            account.id = id.repeat(32);
            account.key.as_mut().unwrap().value = id.repeat(32);
            account.server = server.into();
            accounts.push(account);
        }
        host
    }

    #[test]
    fn two_accounts_and_no_choice_fail_and_are_the_only_loud_finding() {
        let host = two("acme-v02.api.letsencrypt.org/directory");
        let lineage = lineage_with("account", "None");
        let (severity, finding) = only(&CHECK, &lineage, &host);
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("3 accounts"));
        assert_eq!(loud(&[lineage], &host), ["multiple-accounts-ambiguous"]);
    }

    #[test]
    fn accounts_that_do_not_load_are_not_counted() {
        let mut host = two("acme-v02.api.letsencrypt.org/directory");
        for account in host.accounts.as_mut().unwrap().iter_mut().skip(1) {
            account.uri = Err(Missing::new("/x", Why::NotFound, Role::Other));
        }
        silent(&CHECK, &lineage_with("account", "None"), &host);
    }

    #[test]
    fn several_staging_accounts_are_a_note() {
        let host = two("acme-staging-v02.api.letsencrypt.org/directory");
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::Note);
    }

    #[test]
    fn one_account_or_a_named_one_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("account", "None"), &host());
        silent(&CHECK, &lineage(), &two("acme-v02.api.letsencrypt.org/directory"));
    }

    #[test]
    fn accounts_we_may_not_list_are_unknown() {
        unknown(&CHECK, &lineage(), &HostFacts { accounts: denied(Role::Other), ..host() });
    }
}
