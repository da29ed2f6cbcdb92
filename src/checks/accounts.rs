//! Findings about an account that the CA refuses, whatever the reason.

use crate::check::{Evidence, Finding, Severity, Skip, Source, Subject, Verdict};
use crate::facts::net::{AccountState, CaSeen};
use crate::facts::{Account, HostFacts, Lineage, UNUSED};

/// The CA, the account that certbot will use there, and what the CA says of it; `None` where certbot uses none that is known.
///
/// # Errors
/// The CA was not asked, gave no directory, or did not say.
pub(super) fn asked<'a>(
    lineage: &'a Lineage,
    host: &'a HostFacts,
) -> Result<Option<(&'a CaSeen, &'a Account, &'a AccountState)>, Skip> {
    let ca = lineage.ca()?;
    if ca.directory.is_err() {
        return Err(Skip::NotApplicable("the CA's server gives no answer"));
    }
    let Some((account, seen)) = host.account_at_ca(lineage, ca)? else { return Ok(None) };
    match &seen.state {
        AccountState::Unasked(why) | AccountState::Busy(why) => {
            Err(Skip::Unknown(seen.unasked(&ca.server, why)))
        }
        state => Ok(Some((ca, account, state))),
    }
}

/// A finding where the CA says of the lineage's account what `pick` takes, with its words.
pub(super) fn refused(
    lineage: &Lineage,
    host: &HostFacts,
    says: &str,
    pick: impl Fn(&AccountState) -> Option<&str>,
) -> Verdict {
    let Some((ca, account, state)) = asked(lineage, host)? else { return Ok(vec![]) };
    let Some(words) = pick(state) else { return Ok(vec![]) };
    let evidence = Evidence { kind: Source::Acme, ..Evidence::file(&ca.server, words) };
    let finding = Finding::new(format!("the account {} {says} {}", account.id, ca.server))
        .about(Subject::Account(account.path.clone()))
        .evidence(Evidence { vantage: "CA".into(), wanted: Some("a valid account".into()), ..evidence })
        .saw(&account.path, "the account that certbot will use")
        .fix(
            "have certbot register a new account",
            [format!("sed -i '/^account = /d' {}", lineage.conf.as_ref()?.path)],
        )
        .lowered_if(host.unused(lineage), Severity::Note, UNUSED);
    Ok(vec![finding])
}
