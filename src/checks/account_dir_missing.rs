//! The conf names an account that is not on this host.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{Account, Choice, HostFacts, Lineage};

/// `account` is none of the folders below the server's `accounts/`.
pub static CHECK: Check = Check {
    id: "account-dir-missing",
    title: "the account that the renewal uses does not exist",
    severity: Severity::WillFail,
    why: "on the day the certificate is due certbot stops with `Account at …/accounts/… does not exist`; until then \
          `certbot renew` says that all is well",
    fix: "point `account` in renewal/NAME.conf at an account that exists, or remove the line: certbot then takes the only \
          account of that server, or registers one with certbot register",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/account.py",
        "https://github.com/certbot/certbot/issues/10588",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(Choice::Named(id, None)) = host.account_of(lineage)? else { return Ok(vec![]) };
    let Some(folder) = lineage.account_folder(host) else { return Ok(vec![]) };
    let wanted = format!("{}/accounts/{folder}/{id}", host.dirs.config);
    let (place, saw) = match (host.cli("account"), conf.param("account")) {
        (Some((file, setting)), _) => (format!("{}:{}", file.path, setting.line), setting.shown()),
        (None, Some(setting)) => (conf.at(setting), setting.shown()),
        (None, None) => return Ok(vec![]),
    };
    let mut finding = Finding::new(format!("the account {id} is not on this host"))
        .about(Subject::Account(format!("{folder}/{id}")))
        .saw_wanted(&place, saw, format!("the folder {wanted}"));
    let twins = host.accounts.iter().flatten().filter(|account| account.id == id);
    for twin in twins {
        finding = finding.saw(&twin.path, format!("the same id, for the server {}", twin.server));
    }
    let others = host.accounts_at(&folder)?;
    let others: Vec<_> = others.into_iter().filter(|account| account.loads()).collect();
    for other in others.iter().take(4) {
        finding = finding.saw(&other.path, "an account of the same server");
    }
    Ok(vec![instead(finding, lineage, host, &others, &place)])
}

/// What to do instead of using the account named at `place`: one of the others of that server, or a new one.
pub(super) fn instead(
    finding: Finding,
    lineage: &Lineage,
    host: &HostFacts,
    others: &[&Account],
    place: &str,
) -> Finding {
    let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
    let test = format!("certbot renew --cert-name {} --dry-run", lineage.name);
    match others {
        [] => finding.fix(
            "register an account and remove the line `account`",
            [
                format!("certbot register --server {}", server(lineage, host)),
                format!("sed -i '/^account *=/d' {file}"),
                test,
            ],
        ),
        // The name of a folder, to stand between quotes.
        [only] if only.id.bytes().all(|b| b.is_ascii_alphanumeric()) => finding.fix(
            format!("use the account {}", only.id),
            [format!("sed -i 's/^account *=.*/account = {}/' {file}", only.id), test],
        ),
        _ => finding
            .fix(format!("write one of the {} accounts of that server into {place}", others.len()), [test]),
    }
}

pub(super) fn server<'a>(lineage: &'a Lineage, host: &'a HostFacts) -> &'a str {
    host.cli("server").and_then(|(_, s)| s.text()).or_else(|| lineage.server()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{ACCOUNT, denied, host, lineage, lineage_with, loud, only, silent, unknown};
    use crate::facts::{HostFacts, Role};

    const GONE: &str = "ffffffffffffffffffffffffffffffff";

    #[test]
    fn an_account_that_is_not_there_fails_and_is_the_only_loud_finding() {
        let lineage = lineage_with("account", GONE);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(matches!(finding.subject, Subject::Account(_)));
        assert!(finding.fix.unwrap().commands[0].contains(ACCOUNT), "the one that exists is offered");
        assert_eq!(loud(&[lineage], &host()), ["account-dir-missing"]);
        let none = HostFacts { accounts: Ok(vec![]), ..host() };
        assert!(
            only(&CHECK, &crate::checks::testing::lineage(), &none).1.fix.unwrap().commands[0]
                .contains("register")
        );
    }

    #[test]
    fn the_same_id_under_another_server_is_mentioned() {
        let mut host = host();
        host.accounts.as_mut().unwrap()[0].server = "acme-staging-v02.api.letsencrypt.org/directory".into();
        let finding = only(&CHECK, &lineage(), &host).1;
        assert!(finding.evidence[1].saw.contains("acme-staging-v02"));
    }

    #[test]
    fn the_v1_folder_of_the_same_ca_counts_as_certbot_counts_it() {
        let mut host = host();
        host.accounts.as_mut().unwrap()[0].server = "acme-v01.api.letsencrypt.org/directory".into();
        silent(&CHECK, &lineage(), &host);
        silent(&CHECK, &lineage_with("server", "https://acme-v01.api.letsencrypt.org/directory"), &host);
        // The other way round certbot does not look.
        host.accounts.as_mut().unwrap()[0].server = "acme-v02.api.letsencrypt.org/directory".into();
        only(&CHECK, &lineage_with("server", "https://acme-v01.api.letsencrypt.org/dir"), &host);
    }

    #[test]
    fn an_account_that_is_there_or_none_named_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("account", "None"), &host());
    }

    #[test]
    fn accounts_we_may_not_list_are_unknown() {
        let host = HostFacts { accounts: denied(Role::Other), ..host() };
        unknown(&CHECK, &lineage(), &host);
    }
}
