//! The rehearsal at a CA: a real order with the lineage's names, profile and kind of key, of which nothing is kept.
//!
//! It is the only look from outside that anybody has. At a production directory it ends before the certificate is asked for,
//! and takes no validation back.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Untested;
use super::case::Case;
use super::news::{Hear, News};
use super::publish::Publisher;
use super::said::{cause, cause_by};
use crate::acme::{
    self, Account, AccountKey, Answer, Client, ExternalAccount, Identified, Key, NewAccount, Outcome,
    Refusal, Step, Wanted,
};
use crate::ca::is_production;
use crate::facts::{Attempt, HostFacts, Problem, Vantage};
use crate::gather::certbot::unmasked;
use crate::gather::fs::Root;
use crate::gather::net::Planted;
use crate::gather::net::ca::{accounts, key_of};

/// How long one order may take.
pub const WITHIN: Duration = Duration::from_secs(120);

/// What a CA's rehearsal brings.
#[derive(Debug, Default)]
pub struct AtCa {
    /// One attempt a name.
    pub attempts: Vec<Attempt>,
    /// What was not tried.
    pub untested: Vec<Untested>,
}

/// The keys of certbot's accounts at a directory, as far as they can be read.
pub fn certbots_keys(host: &HostFacts, server: &str, root: &Root) -> Vec<AccountKey> {
    accounts(host, server).iter().filter_map(|account| key_of(account, root).ok()).collect()
}

/// The account that orders are tried with: certbot's own at that directory where the CA knows it, else ours.
///
/// # Errors
/// The CA gives no answer, or no account.
pub async fn account(
    client: Arc<Client>,
    certbots: Vec<AccountKey>,
    new: &NewAccount<'_>,
    state_dir: &Path,
    server: &str,
) -> Result<Account, Refusal> {
    if let Some(account) = Account::find_any(&client, certbots).await? {
        return Ok(account);
    }
    let folder = crate::ca::account_folder(server).replace(['/', ':'], "_");
    let file = state_dir.join("accounts").join(folder).join("key.json");
    let key = AccountKey::open_or_make(&file).map_err(|e| Refusal::Own(e.to_string()))?;
    Account::make(client, Arc::new(key), new).await
}

/// The credentials that certbot would register with. <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.4>
pub fn external(root: &Root) -> Option<ExternalAccount> {
    let said = |option| unmasked(root, option);
    ExternalAccount::new(&said("eab-kid")?, &said("eab-hmac-key")?).ok()
}

/// Why there is no account, with the check that explains it.
pub fn no_account(refusal: &Refusal) -> String {
    let hint = match refusal.is("externalAccountRequired") {
        true => {
            "; certbot's cli.ini gives no eab-kid and eab-hmac-key, or acme-audit.yaml none of a fallback"
        }
        false => "",
    };
    format!("{}{hint}", refused(refusal))
}

fn refused(refusal: &Refusal) -> String {
    match refusal.problem().and_then(cause) {
        Some(id) => format!("{refusal} (acme-audit explain {id})"),
        None => refusal.to_string(),
    }
}

/// Places all orders at once.
pub async fn run(
    cases: &[Case],
    (account, client): (&Account, &Client),
    server: &str,
    publisher: &mut Publisher,
    hear: Hear<'_>,
) -> AtCa {
    let publisher = Mutex::new(publisher);
    let orders =
        cases.iter().map(|case| one((account, client), server, Desk { case, publisher: &publisher, hear }));
    let mut all = AtCa::default();
    for AtCa { attempts, untested } in futures_util::future::join_all(orders).await {
        all.attempts.extend(attempts);
        all.untested.extend(untested);
    }
    all
}

async fn one((account, client): (&Account, &Client), server: &str, desk: Desk<'_, '_>) -> AtCa {
    let case = desk.case;
    let production = is_production(server);
    let wanted = Wanted {
        identifiers: &case.identifiers,
        profile: case.profile(client),
        key: Key::ThrownAway(case.key),
        replaces: None,
        preferred_chain: case.preferred_chain.as_deref(),
        must_staple: case.must_staple,
        finalize: !production,
        fresh: !production,
        within: WITHIN,
    };
    AtCa::of(&account.order(&wanted, &desk).await, case, server)
}

/// What an order publishes with, and who is told of it.
pub struct Desk<'a, 'p> {
    /// What is ordered.
    pub case: &'a Case,
    /// What publishes.
    pub publisher: &'a Mutex<&'p mut Publisher>,
    /// Who is told.
    pub hear: Hear<'a>,
}

impl AtCa {
    /// What an order at this server came to.
    pub fn of(outcome: &Outcome, case: &Case, server: &str) -> Self {
        let mut all = AtCa::default();
        let untested = |what: String| Untested { lineage: case.lineage().cloned(), what, matters: true };
        for (identifier, identified) in &outcome.identifiers {
            let target =
                case.targets.iter().find(|target| target.identifier.eq_ignore_ascii_case(identifier));
            let method = target.map(|target| target.means.method()).unwrap_or_default();
            let attempt = |ok: bool, problem: Option<&Problem>| Attempt {
                lineage: case.lineage().cloned(),
                identifier: identifier.clone(),
                method: target.map_or("none", |target| target.means.word()).to_owned(),
                vantage: Vantage::Ca,
                ok,
                id: problem.and_then(|problem| cause_by(method, problem)).map(str::to_owned),
                problem: problem.cloned(),
                hops: Vec::new(),
                may_pass: None,
                differs: false,
            };
            match identified {
                Identified::Validated { anew: true } => all.attempts.push(attempt(true, None)),
                Identified::Validated { anew: false } => all.untested.push(untested(format!(
                    "{identifier}: {server} uses an earlier validation again, and did not look"
                ))),
                Identified::Failed(Refusal::Problem(problem)) => {
                    all.attempts.push(attempt(false, Some(problem)))
                }
                Identified::Failed(other) => {
                    all.untested.push(untested(format!("{identifier} at {server}: {other}")))
                }
                Identified::Unsolved(offered) => all.untested.push(untested(format!(
                    "{identifier}: {server} offers only {}, which was not solved",
                    offered.join(", ")
                ))),
                Identified::NotReached => {}
            }
        }
        if let Some((step, refusal)) = &outcome.refused {
            all.refused(case, server, *step, refusal);
        }
        all
    }
}

impl acme::Publisher for Desk<'_, '_> {
    async fn publish(&self, answers: Vec<Answer>) -> Result<(), String> {
        let mut publisher = self.publisher.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().try_for_each(|answer| {
            (self.hear)(News::Looking(self.case.name(&answer.identifier), Vantage::Ca));
            put(self.case, answer, &mut publisher)
        })
    }

    fn settled(&self, identifier: &str, came: &Identified) {
        let ok = matches!(came, Identified::Validated { .. });
        (self.hear)(News::Looked(self.case.name(identifier), Vantage::Ca, ok));
    }
}

impl AtCa {
    /// The order as a whole is refused: the renewal would be, too.
    fn refused(&mut self, case: &Case, server: &str, step: Step, refusal: &Refusal) {
        let lineage = case.lineage().cloned();
        let (Refusal::Problem(problem), Step::NewOrder | Step::Finalize | Step::Fetch) = (refusal, step)
        else {
            let what = format!("the order at {server}: {refusal}");
            return self.untested.push(Untested { lineage, what, matters: true });
        };
        if self.attempts.iter().any(|attempt| !attempt.ok) {
            return;
        }
        let method = case.targets.first().map(|target| target.means.method()).unwrap_or_default();
        self.attempts.push(Attempt {
            identifier: lineage.clone().or(case.identifiers.first().cloned()).unwrap_or_default(),
            lineage,
            method: if step == Step::NewOrder { "order" } else { "finalize" }.to_owned(),
            vantage: Vantage::Ca,
            ok: false,
            id: cause_by(method, problem).map(str::to_owned),
            problem: Some((**problem).clone()),
            hops: Vec::new(),
            may_pass: None,
            differs: false,
        });
    }
}

/// Publishes an answer by the means of its name.
fn put(case: &Case, answer: &Answer, publisher: &mut Publisher) -> Result<(), String> {
    let Answer { identifier, token, key_authorization, .. } = answer.clone();
    let target = case.targets.iter().find(|target| target.identifier.eq_ignore_ascii_case(&identifier));
    // A name that nothing answers for fails at the CA, in the CA's words.
    let Some(target) = target else { return Ok(()) };
    let planted = Planted { identifier, token, key_authorization };
    let own = publisher.publish(&target.means, &planted);
    // The CA looks once: what the server does not pass on may be below its document root.
    let done = match target.means.below() {
        Some(root) => publisher.below(root, &planted).or(own),
        None => own,
    };
    done.map_err(|why| format!("{}: {why}", planted.identifier))
}
