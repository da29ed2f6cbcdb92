//! The account's folder is there, and its files do not load.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::checks::account_dir_missing::{instead, server};
use crate::facts::{Account, Choice, HostFacts, Lineage, Missing, Why};

/// One of `private_key.json`, `regr.json` and `meta.json` is gone or damaged.
pub static CHECK: Check = Check {
    id: "account-key-corrupt",
    title: "the account that the renewal uses cannot be loaded",
    severity: Severity::WillFail,
    why: "on the day the certificate is due certbot stops at the account's files; until then `certbot renew` says that \
          all is well",
    fix: "restore the account's three files from a backup, or write another account of that server into the confs that \
          name it; where there is none, remove the line `account`, move the folder aside and run certbot register",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/account.py"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let accounts = match host.account_of(lineage)? {
        Some(Choice::Named(_, Some(account))) => vec![account],
        Some(Choice::Any(accounts)) if conf.has_section("renewalparams") => accounts,
        _ => return Ok(vec![]),
    };
    let several = accounts.len() > 1;
    let mut findings = Vec::new();
    let mut unknown = None;
    for account in accounts {
        let files = [&account.uri, &account.key, &account.meta];
        let bad: Vec<&Missing> = files.into_iter().filter_map(|file| file.as_ref().err()).collect();
        let Some(first) = bad.first() else { continue };
        match first.why {
            // certbot passes over an account that lacks a file where it looks for any, but stops at one it cannot parse.
            Why::NotFound if several => {}
            Why::NotFound | Why::Malformed(..) | Why::NotAFile(_) | Why::TooLarge(..) | Why::Loop => {
                findings.push(finding(account, &bad, lineage, host)?);
            }
            Why::Denied | Why::Io(_) | Why::Unclear(_) => unknown = Some((*first).clone()),
        }
    }
    match unknown {
        Some(missing) if findings.is_empty() => Err(Skip::Unknown(missing)),
        _ => Ok(findings),
    }
}

fn finding(
    account: &Account,
    bad: &[&Missing],
    lineage: &Lineage,
    host: &HostFacts,
) -> Result<Finding, Skip> {
    let mut finding = Finding::new(format!("the account {} cannot be loaded", account.id))
        .about(Subject::Account(format!("{}/{}", account.server, account.id)));
    for missing in bad {
        finding = finding.saw_wanted(&missing.what, missing.why.to_string(), "the JSON that certbot wrote");
    }
    let others: Vec<&Account> =
        host.accounts_at(&account.server)?.into_iter().filter(|other| other.loads()).collect();
    let named = match (
        host.cli("account"),
        lineage.conf.as_ref().ok().and_then(|c| Some((c, c.param("account")?))),
    ) {
        (Some((file, setting)), _) => Some(format!("{}:{}", file.path, setting.line)),
        (None, Some((conf, setting))) => Some(conf.at(setting)),
        (None, None) => None,
    };
    let aside = format!("mv {} /root/", account.path);
    let mut finding = match &named {
        Some(place) => instead(finding, lineage, host, &others, place),
        None if others.is_empty() => finding
            .fix("register an account", [format!("certbot register --server {}", server(lineage, host))]),
        None => finding.fix(
            format!(
                "leave only the account {}",
                others.iter().map(|a| a.id.as_str()).collect::<Vec<_>>().join(", ")
            ),
            [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
        ),
    };
    if let Some(fix) = &mut finding.fix {
        fix.summary = format!("restore the account's files from a backup; without one, {}", fix.summary);
        // certbot register stops at a file that it cannot parse, and so does a conf that names no account.
        if named.is_none() || others.is_empty() {
            fix.commands.insert(0, aside);
        }
    }
    Ok(finding)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, loud, only, silent, unknown};
    use crate::facts::{HostFacts, Missing, Role, Why};

    fn broken(why: Why) -> HostFacts {
        let mut host = host();
        let account = &mut host.accounts.as_mut().unwrap()[0];
        account.key = Err(Missing::new(format!("{}/private_key.json", account.path), why, Role::Other));
        host
    }

    #[test]
    fn a_damaged_or_lost_key_fails_and_is_the_only_loud_finding() {
        for why in [Why::Malformed(1, "it is not JSON".into()), Why::NotFound] {
            let host = broken(why);
            assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::WillFail);
            assert_eq!(only(&CHECK, &lineage_with("account", "None"), &host).0, Severity::WillFail);
            assert_eq!(loud(&[lineage()], &host), ["account-key-corrupt"]);
        }
    }

    #[test]
    fn of_several_accounts_one_without_a_file_is_passed_over_and_a_damaged_one_is_not() {
        let second = host().accounts.unwrap().remove(0);
        let mut lost = broken(Why::NotFound);
        lost.accounts.as_mut().unwrap().push(second.clone());
        silent(&CHECK, &lineage_with("account", "None"), &lost);
        let mut damaged = broken(Why::Malformed(1, "it is not JSON".into()));
        damaged.accounts.as_mut().unwrap().push(second);
        only(&CHECK, &lineage_with("account", "None"), &damaged);
    }

    #[test]
    fn another_account_of_the_server_takes_its_place_and_else_a_new_one() {
        let mut damaged = broken(Why::Malformed(1, "it is not JSON".into()));
        let fix = only(&CHECK, &lineage(), &damaged).1.fix.unwrap();
        assert!(
            fix.commands[0].starts_with("mv ") && fix.commands[1].starts_with("certbot register --server")
        );
        assert!(fix.commands[2].starts_with("sed -i '/^account *=/d'"));
        let mut second = host().accounts.unwrap().remove(0);
        second.id = "ffffffffffffffffffffffffffffffff".into();
        damaged.accounts.as_mut().unwrap().push(second);
        let fix = only(&CHECK, &lineage(), &damaged).1.fix.unwrap();
        assert!(fix.commands[0].contains("account = ffffffffffffffffffffffffffffffff/"));
        let fix = only(&CHECK, &lineage_with("account", "None"), &damaged).1.fix.unwrap();
        assert!(fix.commands[0].starts_with("mv ") && fix.commands.len() == 2);
    }

    #[test]
    fn an_account_that_loads_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_key_we_may_not_read_is_unknown() {
        unknown(&CHECK, &lineage(), &broken(Why::Denied));
        unknown(&CHECK, &lineage(), &HostFacts { accounts: denied(Role::Other), ..host() });
    }
}
