//! An account's folder bears another id than its key gives.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{Choice, HostFacts, Lineage};

/// The folder was renamed, or holds another account's key.
pub static CHECK: Check = Check {
    id: "account-id-differs",
    title: "the account's folder does not bear the id of its key",
    severity: Severity::MayFail,
    why: "certbot loads the folder and goes on with the key's id, which it writes into the conf: the renewal after the \
          next looks for a folder that does not exist; and if the key was exchanged, the CA refuses the very next one",
    fix: "rename the folder to the id of its key and name that id as `account` in the confs, or restore the key from a backup",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/account.py"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let account = match host.account_of(lineage)? {
        Some(Choice::Named(_, Some(account))) => account,
        Some(Choice::Any(accounts)) => match accounts.as_slice() {
            [only] => only,
            _ => return Ok(vec![]),
        },
        _ => return Ok(vec![]),
    };
    let Ok(key) = &account.key else {
        // What is wrong with the file is account-key-corrupt's to say, our lack of rights included.
        return Ok(vec![]);
    };
    if key.value.eq_ignore_ascii_case(&account.id) {
        return Ok(vec![]);
    }
    let renamed = account
        .path
        .rsplit_once('/')
        .map_or(key.value.clone(), |(parent, _)| format!("{parent}/{}", key.value));
    Ok(vec![
        Finding::new(format!("the key of the account {} belongs to the account {}", account.id, key.value))
            .about(Subject::Account(format!("{}/{}", account.server, account.id)))
            .saw_wanted(
                &key.path,
                format!("a key with the id {}", key.value),
                format!("the id {}", account.id),
            )
            .fix(
                "if the folder was renamed, give it back its name and name it in the confs",
                [
                    format!("mv {} {renamed}", account.path),
                    format!(
                        "sed -i 's/^account *= *{}/account = {}/' {}/renewal/*.conf",
                        account.id, key.value, host.dirs.config
                    ),
                ],
            ),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, loud, only, silent, unknown};
    use crate::facts::{HostFacts, Role};

    fn renamed() -> HostFacts {
        let mut host = host();
        host.accounts.as_mut().unwrap()[0].key.as_mut().unwrap().value = "f".repeat(32);
        host
    }

    #[test]
    fn a_folder_with_another_accounts_key_may_fail() {
        let (severity, finding) = only(&CHECK, &lineage(), &renamed());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.fix.unwrap().commands[0].ends_with(&"f".repeat(32)));
        only(&CHECK, &lineage_with("account", "None"), &renamed());
        assert_eq!(loud(&[lineage()], &renamed()), ["account-id-differs"]);
    }

    #[test]
    fn a_folder_named_after_its_key_is_silent_and_so_is_one_that_is_not_used() {
        silent(&CHECK, &lineage(), &host());
        let mut host = renamed();
        host.accounts.as_mut().unwrap()[0].server = "ca.example/dir".into();
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn accounts_we_may_not_list_are_unknown() {
        unknown(&CHECK, &lineage(), &HostFacts { accounts: denied(Role::Other), ..host() });
    }
}
