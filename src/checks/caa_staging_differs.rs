//! CAA records let the production account issue, and not the one of a rehearsal.

use crate::caa::{Cause, Fault, Parties, Refused, Ruling, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// At Let's Encrypt, `accounturi` names the production account alone, which staging does not know.
pub static CHECK: Check = Check {
    id: "caa-staging-differs",
    title: "CAA records refuse a rehearsal and allow the renewal",
    severity: Severity::Note,
    why: "an account at the staging server has another URI than the one at the production server, so that \
          `certbot renew --dry-run` fails with `CAA record for NAME prevents issuance` where the renewal works",
    fix: "nothing, or a second record that names the account at the staging server",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8657#section-3",
        "https://letsencrypt.org/docs/staging-environment/",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let rehearsal = Parties::of_rehearsal(lineage, host)?;
    let production = Parties::of(lineage, host)?;
    let mut refused = refused(lineage, &rehearsal, Cause::Account)?;
    let seen = lineage.seen()?;
    let renews = |name: &&str| {
        let seen = seen.iter().find(|seen| seen.identifier == **name);
        let ruling = seen.and_then(|seen| Some(production.judge(name, seen.caa.as_ref().ok()?)));
        ruling == Some(Ruling::Allowed)
    };
    for group in &mut refused {
        group.names.retain(renews);
    }
    refused.retain(|group| !group.names.is_empty());
    Ok(refused.iter().filter_map(|group| finding(group, &rehearsal, lineage, host)).collect())
}

fn finding(
    refused: &Refused<'_>,
    rehearsal: &Parties<'_>,
    lineage: &Lineage,
    host: &HostFacts,
) -> Option<Finding> {
    let (record, Fault::Bound(property, _)) = refused.refusal.nearest()? else { return None };
    let (owner, names) = (refused.owner(), refused.named());
    let says = format!(
        "the CAA record of {owner} names the production account alone: a dry run refuses {names}, the renewal does not"
    );
    let staging = rehearsal.accounts.iter().flatten().next().copied();
    let uri = staging.unwrap_or("URI");
    let line = zone_line(owner, 0, &record.tag, &property.clone().with("accounturi", uri).to_string());
    let fix = match staging {
        Some(_) => format!("for dry runs publish `{line}` beside the record"),
        None => format!(
            "for dry runs publish `{line}` beside the record, with the URI that `certbot show_account --server {}` prints",
            crate::ca::LETS_ENCRYPT_STAGING
        ),
    };
    let wanted = format!("{line}, for dry runs only");
    Some(refused.finding(says, &[record], wanted, lineage, host).fix(fix, refused.look()))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        cli_ini, denied, host, loud, only, run, silent, unknown, with_caa, without_caa,
    };
    use crate::facts::{Account, HostFacts, Lineage, Role};

    const OWN: &str = "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1";
    const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/acme/acct/9";

    fn bound() -> Lineage {
        with_caa(&[(0, "issue", OWN)])
    }

    fn with_staging_account() -> HostFacts {
        let mut host = host();
        let accounts = host.accounts.as_mut().unwrap();
        let mut staging: Account = accounts[0].clone();
        staging.server = "acme-staging-v02.api.letsencrypt.org/directory".into();
        staging.uri.as_mut().unwrap().value = STAGING.into();
        accounts.push(staging);
        host
    }

    #[test]
    fn a_record_for_the_production_account_alone_is_a_note() {
        let (severity, finding) = only(&CHECK, &bound(), &with_staging_account());
        assert_eq!(severity, Severity::Note);
        let line = format!("example.com. CAA 0 issue \"letsencrypt.org; accounturi={STAGING}\"");
        assert!(finding.fix.unwrap().summary.contains(&line));
        let (_, unregistered) = only(&CHECK, &bound(), &host());
        assert!(unregistered.fix.unwrap().summary.contains("certbot show_account --server"));
        assert_eq!(loud(&[bound()], &host()), [] as [&str; 0]);
    }

    #[test]
    fn a_record_for_either_account_or_for_all_is_silent() {
        let staging = format!("letsencrypt.org;accounturi={STAGING}");
        silent(&CHECK, &with_caa(&[(0, "issue", OWN), (0, "issue", &staging)]), &with_staging_account());
        silent(&CHECK, &with_caa(&[(0, "issue", "letsencrypt.org")]), &host());
        silent(&CHECK, &with_caa(&[]), &host());
    }

    #[test]
    fn where_the_renewal_is_refused_too_that_is_the_finding() {
        let other = OWN.replace("acct/1", "acct/2");
        silent(&CHECK, &with_caa(&[(0, "issue", &other)]), &host());
    }

    #[test]
    fn what_is_not_rehearsed_elsewhere_is_not_asked() {
        let host = cli_ini(&[("server", crate::ca::LETS_ENCRYPT)]);
        assert!(matches!(run(&CHECK, &bound(), &host), Err(Skip::NotApplicable(_))));
    }

    #[test]
    fn accounts_and_records_that_cannot_be_read_are_unknown() {
        unknown(&CHECK, &bound(), &HostFacts { accounts: denied(Role::Other), ..host() });
        unknown(&CHECK, &without_caa(bound()), &host());
    }
}
