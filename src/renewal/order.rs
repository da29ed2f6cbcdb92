//! The order of one renewal.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::backoff::{Failed, Trouble};
use super::key::NewKey;
use super::pending::{self, Pending};
use super::solve::Counter;
use crate::acme::{
    Account, AccountKey, Answer, Client, Identified, Key, Method, Outcome, Publisher, Refusal, Step, Wanted,
};
use crate::facts::{Choice, HostFacts, Lineage};
use crate::gather::fs::Root;
use crate::gather::net::ari::cert_id;
use crate::gather::net::ca::key_of;
use crate::rehearsal::ca::{AtCa, Case, WITHIN, certbots_keys};

/// What came of an order.
#[derive(Debug, Default)]
pub struct Ordered {
    /// The certificate and its chain in PEM.
    pub chain: Option<String>,
    /// What the CA said of each identifier.
    pub at_ca: AtCa,
    /// Why there is no certificate.
    pub because: String,
    /// What that means for the next attempt.
    pub trouble: Trouble,
    /// What is to be known besides.
    pub notes: Vec<String>,
}

/// A counter that keeps what is needed to fetch the certificate later.
struct Keeping<'a, 'd, 'p> {
    counter: &'a Counter<'d, 'p>,
    state_dir: &'a Path,
    lineage: &'a str,
    server: &'a str,
    key: &'a NewKey,
}

impl Publisher for Keeping<'_, '_, '_> {
    fn method(&self, identifier: &str) -> Method {
        self.counter.method(identifier)
    }

    async fn publish(&self, answers: Vec<Answer>) -> Result<(), String> {
        self.counter.publish(answers).await
    }

    async fn done(&self) {
        self.counter.done().await;
    }

    fn settled(&self, identifier: &str, came: &Identified) {
        self.counter.settled(identifier, came);
    }

    fn finalizing(&self, order: &str, account: &str) -> Result<(), String> {
        let key = std::str::from_utf8(&self.key.pem).map_err(|e| e.to_string())?;
        let pending = Pending {
            server: self.server.to_owned(),
            account: account.to_owned(),
            order: order.to_owned(),
            key: Zeroizing::new(key.to_owned()),
        };
        pending::keep(self.state_dir, self.lineage, &pending)
            .map_err(|e| format!("the order cannot be written down in {}: {e}", self.state_dir.display()))
    }
}

/// Why a CA may not take an order in the place of a certificate, and takes it as a new one.
/// <https://www.rfc-editor.org/rfc/rfc9773#section-5>
const NOT_IN_PLACE: [&str; 3] = ["alreadyReplaced", "malformed", "conflict"];

/// The keys of the accounts that a lineage may be renewed with, certbot's choice first.
///
/// # Errors
/// certbot has no account, or none that can be told.
pub fn keys(
    lineage: &Lineage,
    host: &HostFacts,
    root: &Root,
    server: Option<&str>,
) -> Result<Vec<AccountKey>, String> {
    if let Some(server) = server {
        return Ok(certbots_keys(host, server, root));
    }
    let choice = host.account_of(lineage).map_err(|missing| missing.to_string())?;
    match choice {
        Some(Choice::Named(_, Some(account))) => key_of(account, root).map(|key| vec![key]),
        Some(Choice::Named(id, None)) => Err(format!("the account {id} is not on this host (acme-audit explain account-dir-missing)")),
        Some(Choice::Any(accounts)) => match accounts.as_slice() {
            [only] => key_of(only, root).map(|key| vec![key]),
            [] => Err("certbot has no account at its CA: certbot register makes one".into()),
            _ => Err("certbot has several accounts at its CA, and its conf names none (acme-audit explain multiple-accounts-ambiguous)".into()),
        },
        None => Err("its conf names no CA".into()),
    }
}

/// The account at the CA, of the first key that it knows.
///
/// # Errors
/// The CA knows none, or gives no answer.
pub async fn account(
    client: Arc<Client>,
    keys: Vec<AccountKey>,
    server: &str,
    state_dir: &Path,
    named: bool,
) -> Result<Account, Failed> {
    if named {
        return Ok(crate::rehearsal::ca::account(client, keys, None, state_dir, server).await?);
    }
    for key in keys {
        let found = Account::find(client.clone(), Arc::new(key)).await.map_err(|refusal| Failed {
            because: format!("{server} does not say whether it knows certbot's account: {refusal}"),
            ..Failed::from(refusal)
        })?;
        if let Some(account) = found {
            return Ok(account);
        }
    }
    let unknown =
        format!("{server} does not know certbot's account (acme-audit explain account-unknown-to-ca)");
    Err(unknown.into())
}

/// Fetches what an earlier run had ordered; `None` where nothing comes of that order.
///
/// # Errors
/// No answer, or the CA does not say in time.
pub async fn fetch(
    account: &Account,
    client: &Client,
    case: &Case,
    lineage: &Lineage,
    before: &Pending,
) -> Result<Option<(Ordered, NewKey)>, Failed> {
    let Some(key) = NewKey::from_pem(before.key.as_bytes()) else { return Ok(None) };
    let (wanted, mut notes) = wanted(lineage, case, client, &key);
    let chain = account.resume(&before.order, &wanted).await.map_err(|refusal| Failed {
        because: format!("the certificate that an earlier run ordered cannot be fetched: {refusal}"),
        ..Failed::from(refusal)
    })?;
    notes.push("its certificate had been ordered by an earlier run, and was fetched".into());
    Ok(chain.map(|chain| (Ordered { chain: Some(chain), notes, ..Ordered::default() }, key)))
}

/// What a renewal orders, and what is to be said of it.
fn wanted<'a>(
    lineage: &'a Lineage,
    case: &'a Case,
    client: &Client,
    key: &'a NewKey,
) -> (Wanted<'a>, Vec<String>) {
    let conf = lineage.conf.as_ref().ok();
    let text = |key: &str| conf.and_then(|conf| conf.param_text(key)).filter(|text| *text != "None");
    let mut notes = Vec::new();
    let offered = client.directory().profiles.as_deref().unwrap_or_default();
    let preferred = text("preferred_profile").filter(|name| {
        let there = offered.iter().any(|offered| offered == name);
        if !there {
            notes.push(format!("the CA does not offer the preferred profile {name}: its default is taken"));
        }
        there
    });
    let wanted = Wanted {
        identifiers: &case.identifiers,
        profile: text("required_profile").or(preferred),
        key: Key::Own(&key.pair),
        replaces: None,
        preferred_chain: text("preferred_chain"),
        must_staple: case.must_staple,
        finalize: true,
        fresh: false,
        within: WITHIN,
    };
    (wanted, notes)
}

/// Orders what a renewal needs.
pub async fn order(
    account: &Account,
    client: &Client,
    server: &str,
    lineage: &Lineage,
    key: &NewKey,
    counter: &Counter<'_, '_>,
    state_dir: &Path,
) -> Ordered {
    let case = counter.desk.case;
    let (mut wanted, notes) = wanted(lineage, case, client, key);
    let replaced = lineage.cert.as_ref().ok().and_then(cert_id);
    wanted.replaces = replaced.as_deref().filter(|_| client.directory().renewal_info.is_some());
    let keeping = Keeping { counter, state_dir, lineage: &lineage.name, server, key };
    let mut outcome = account.order(&wanted, &keeping).await;
    let not_in_place = |outcome: &Outcome| match &outcome.refused {
        Some((Step::NewOrder, refusal)) => NOT_IN_PLACE.iter().any(|kind| refusal.is(kind)),
        _ => false,
    };
    if wanted.replaces.is_some() && not_in_place(&outcome) {
        wanted.replaces = None;
        outcome = account.order(&wanted, &keeping).await;
    }
    let (at_ca, trouble) = (AtCa::of(&outcome, case, server), Trouble::of_order(&outcome));
    Ordered { because: because(&outcome, &at_ca), trouble, at_ca, notes, chain: outcome.chain }
}

/// Why there is no certificate.
fn because(outcome: &Outcome, at_ca: &AtCa) -> String {
    let failed: Vec<&str> = at_ca
        .attempts
        .iter()
        .filter(|attempt| !attempt.ok)
        .map(|attempt| attempt.identifier.as_str())
        .collect();
    match (&outcome.chain, &outcome.refused, failed.as_slice()) {
        (Some(_), ..) => String::new(),
        (None, Some((Step::NewOrder | Step::Finalize, refusal @ Refusal::Problem(_))), _) => {
            refusal.to_string()
        }
        (None, Some((Step::NewOrder, refusal)), _) => format!("the CA takes no order: {refusal}"),
        (None, Some((Step::Finalize, refusal)), _) => {
            format!("the names are validated, and there is no certificate: {refusal}")
        }
        (None, _, [_, ..]) => format!("the CA did not validate {}", failed.join(", ")),
        (None, Some((_, refusal)), []) => refusal.to_string(),
        (None, None, []) => match at_ca.untested.first() {
            Some(untested) => untested.what.clone(),
            None => "the CA gave no certificate".into(),
        },
    }
}
