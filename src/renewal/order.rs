//! The order of one renewal.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::backoff::{Failed, Trouble};
use super::jobs::Job;
use super::key::NewKey;
use super::pending::{self, Pending};
use super::solve::Counter;
use super::stage::Options;
use super::subset;
use crate::acme::{
    Account, Answer, Client, Identified, Key, Method, Outcome, Publisher, Refusal, Step, Wanted,
};
use crate::facts::Lineage;
use crate::gather::net::ari::cert_id;
use crate::rehearsal::ca::{AtCa, WITHIN};
use crate::rehearsal::{Case, Means, Target};

/// What came of an order.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    /// What was issued.
    pub issued: Option<Issued>,
    /// What the CA said of each identifier.
    pub at_ca: AtCa,
    /// Why there is no certificate.
    pub failure: Failed,
    /// What is to be known besides.
    pub notes: Vec<String>,
    /// The names that the CA looked at and did not validate, and that were left out then.
    pub refused: Vec<String>,
}

/// A certificate.
#[derive(Debug)]
pub(super) struct Issued {
    /// The certificate and its chain in PEM.
    pub chain: String,
    /// The names that were ordered.
    pub names: Vec<String>,
}

/// A counter that keeps what is needed to fetch the certificate later.
struct Keeping<'a, 'd, 'p> {
    counter: &'a Counter<'d, 'p>,
    options: &'a Options,
    lineage: &'a Lineage,
    server: &'a str,
    key: &'a NewKey,
    identifiers: &'a [String],
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
            identifiers: self.identifiers.to_owned(),
            serial: self.lineage.cert.as_ref().map(|cert| cert.serial.clone()).unwrap_or_default(),
            asked: Timestamp::now(),
            fetches: 0,
            key: Zeroizing::new(key.to_owned()),
        };
        let state_dir = self.options.state_dir.display();
        pending::keep(self.options, &self.lineage.name, &pending)
            .map_err(|e| format!("the order cannot be written down in {state_dir}: {e}"))
    }
}

/// Why a CA may not take an order in the place of a certificate, and takes it as a new one.
/// <https://www.rfc-editor.org/rfc/rfc9773#section-5>
/// Let's Encrypt does not let one account replace what another one has ordered. Pebble has an internal error where it does not
/// find a certificate of its own, and would have it at every further try.
const NOT_IN_PLACE: [&str; 5] =
    ["alreadyReplaced", "malformed", "conflict", "unauthorized", "serverInternal"];

/// Fetches what an earlier run had ordered; `None` where nothing comes of that order.
///
/// # Errors
/// No answer, or the CA does not say in time.
pub(super) async fn fetch(
    account: &Account,
    client: &Client,
    case: &Case,
    before: &Pending,
) -> Result<Option<(Ordered, NewKey)>, Failed> {
    let Some(key) = NewKey::from_pem(before.key.as_bytes()) else { return Ok(None) };
    let names = if before.identifiers.is_empty() { &case.identifiers } else { &before.identifiers };
    let (mut wanted, mut notes) = wanted(case, client, &key);
    wanted.identifiers = names;
    let chain = account.resume(&before.order, &wanted).await.map_err(|refusal| Failed {
        because: format!("the certificate that an earlier run ordered cannot be fetched: {refusal}"),
        trouble: Trouble::of_fetch(&refusal),
        at: None,
    })?;
    notes.push("its certificate had been ordered by an earlier run, and was fetched".into());
    let issued = chain.map(|chain| Issued { chain, names: names.clone() });
    Ok(issued.map(|issued| (Ordered { issued: Some(issued), notes, ..Ordered::default() }, key)))
}

/// What a renewal orders, and what is to be said of it.
fn wanted<'a>(case: &'a Case, client: &Client, key: &'a NewKey) -> (Wanted<'a>, Vec<String>) {
    let not_offered = case.not_offered(client);
    let note = |name| format!("the CA does not offer the preferred profile {name}: its default is taken");
    let wanted = Wanted {
        identifiers: &case.identifiers,
        profile: case.profile(client),
        key: Key::Own(&key.pair),
        replaces: None,
        preferred_chain: case.preferred_chain.as_deref(),
        must_staple: case.must_staple,
        finalize: true,
        fresh: false,
        within: WITHIN,
    };
    (wanted, not_offered.map(note).into_iter().collect())
}

/// Orders what a renewal needs. Where the CA does not validate some names and the lineage may lose them, the others are ordered anew.
pub(super) async fn order(
    account: &Account,
    client: &Client,
    job: &Job<'_>,
    key: &NewKey,
    counter: &Counter<'_, '_>,
    options: &Options,
) -> Ordered {
    let Job { case, lineage, server, .. } = job;
    let (wanted, notes) = wanted(case, client, key);
    let replaced = lineage.cert.as_ref().ok().and_then(cert_id);
    // Another CA knows nothing of the certificate.
    let knows = client.directory().renewal_info.is_some() && job.turned.is_none();
    let mut replaces = replaced.as_deref().filter(|_| knows);
    let mut all = Ordered { notes, ..Ordered::default() };
    let mut names = case.identifiers.clone();
    loop {
        let keeping = Keeping { counter, options, lineage, server, key, identifiers: &names };
        let outcome =
            placed(account, Wanted { identifiers: &names, ..wanted }, &mut replaces, &keeping).await;
        let (at_ca, mut trouble) = (AtCa::of(&outcome, case, server), Trouble::of_order(&outcome));
        all.notes.extend(other_method_forbidden(&outcome, case));
        match subset::rest(&outcome).filter(|_| job.may_lose) {
            Some(rest) => {
                all.at_ca.attempts.extend(at_ca.attempts.into_iter().filter(|attempt| !attempt.ok));
                all.at_ca.untested.extend(at_ca.untested);
                all.refused.extend(trouble.names);
                names = rest;
            }
            None => {
                let because = because(&outcome, &at_ca);
                all.at_ca.attempts.extend(at_ca.attempts);
                all.at_ca.untested.extend(at_ca.untested);
                all.issued = outcome.chain.map(|chain| Issued { chain, names });
                trouble.names.extend(all.refused.iter().cloned());
                all.failure = Failed { because, trouble, at: None };
                return all;
            }
        }
    }
}

/// Places an order in the place of a certificate, or as a new one where the CA does not take it so; that is then forgotten.
async fn placed(
    account: &Account,
    wanted: Wanted<'_>,
    replaces: &mut Option<&str>,
    keeping: &Keeping<'_, '_, '_>,
) -> Outcome {
    let outcome = account.order(&Wanted { replaces: *replaces, ..wanted }, keeping).await;
    let not_in_place = match &outcome.refused {
        Some((Step::NewOrder, refusal)) => NOT_IN_PLACE.iter().any(|kind| refusal.is(kind)),
        _ => false,
    };
    if !not_in_place || replaces.take().is_none() {
        return outcome;
    }
    account.order(&wanted, keeping).await
}

/// CAA records may bind a name to the challenge that certbot would answer. <https://www.rfc-editor.org/rfc/rfc8657#section-4>
fn other_method_forbidden(outcome: &Outcome, case: &Case) -> Option<String> {
    let over_tls = |name: &str| {
        let of = |target: &&Target| target.identifier.eq_ignore_ascii_case(name);
        case.targets.iter().find(of).is_some_and(|target| target.means == Means::TlsAlpn)
    };
    let whole = outcome.refused.as_ref().is_some_and(|(_, refusal)| refusal.is("caa"));
    let by_caa = |name: &str| outcome.problem(name).is_some_and(|problem| problem.kind() == "caa");
    let (name, _) = outcome.identifiers.iter().find(|(name, _)| over_tls(name) && (whole || by_caa(name)))?;
    Some(format!(
        "the CAA records of {name} may allow other challenges than tls-alpn-01 alone (acme-audit explain \
         caa-validationmethods-mismatch)"
    ))
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
        (None, Some((Step::NewOrder | Step::Finalize | Step::Fetch, refusal @ Refusal::Problem(_))), _) => {
            refusal.to_string()
        }
        (None, Some((Step::NewOrder, refusal)), _) => format!("the CA takes no order: {refusal}"),
        (None, Some((Step::Finalize | Step::Fetch, refusal)), _) => {
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
