//! An order: every name is validated, and what the CA says of each is kept.
//!
//! instant-acme places and finalizes orders; their authorizations are worked on side by side, which the crate does not
//! do. Nothing of it goes on when the future is dropped.

mod answer;
mod authorization;
mod chain;
mod finalize;
mod outcome;
mod pace;
mod resume;

use std::future::Future;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use instant_acme::{Account as Engine, CertificateIdentifier, Identifier, NewOrder, Order, OrderStatus};
use rcgen::KeyPair;

use self::authorization::Authorization;
use self::pace::Deadline;
use super::account::{Account, Hold};
use super::csr::KeyType;
use super::refusal::Refusal;
use crate::facts::net::CaFault;

pub use self::answer::{Answer, Method};
pub use self::outcome::{Identified, Outcome, Step};

/// How often an order is placed anew because authorizations of earlier ones are still valid: a CA gives one of them at
/// a time.
const ROUNDS: usize = 8;

/// How many authorizations an order may have: CAs allow 100 names, or a few times as many.
const MAX_AUTHORIZATIONS: usize = 1_000;

/// How long the end of a rehearsal may take that leaves nothing open.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// The key of a certificate.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// One of this kind, which nobody ever sees.
    ThrownAway(KeyType),
    /// This one.
    Own(&'a KeyPair),
}

/// What is ordered.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Names and addresses.
    pub identifiers: &'a [String],
    /// A profile that the CA offers.
    pub profile: Option<&'a str>,
    /// The certificate's key.
    pub key: Key<'a>,
    /// The certificate whose place it takes, by its name in renewal information: the CA counts such an order as a renewal.
    /// <https://www.rfc-editor.org/rfc/rfc9773#section-5>
    pub replaces: Option<&'a str>,
    /// The issuer that the chain is to end with, where the CA has several.
    pub preferred_chain: Option<&'a str>,
    /// The certificate asks for a stapled OCSP answer.
    pub must_staple: bool,
    /// Ask for the certificate, too.
    pub finalize: bool,
    /// Valid authorizations are deactivated first, so that all names are validated anew; and at the end, those that
    /// are still open. Not for a public CA's production.
    pub fresh: bool,
    /// How much time all of it has besides what publishing takes; a last answer may come 5 s later, and what is open is closed within 10 s.
    pub within: Duration,
}

/// What makes answers available. A closure from answers to a future does.
pub trait Publisher: Sync {
    /// The challenge by which an identifier is proven; `*.` where it is a wildcard.
    fn method(&self, _identifier: &str) -> Method {
        Method::Http01
    }

    /// Makes all of them available; called once, before the CA is told to look.
    ///
    /// # Errors
    /// Why none is: the CA is not told then. Where some are and others are not, the CA's word about those is of more
    /// worth.
    fn publish(&self, answers: Vec<Answer>) -> impl Future<Output = Result<(), String>> + Send;

    /// The certificate is about to be asked for, of this order and by this account.
    ///
    /// # Errors
    /// What is needed to fetch it later cannot be kept: it is not asked for then.
    fn finalizing(&self, _order: &str, _account: &str) -> Result<(), String> {
        Ok(())
    }

    /// The CA is done with an identifier.
    fn settled(&self, _identifier: &str, _came: &Identified) {}

    /// The CA is done with all of them, or they could not be made available: what is may be taken back.
    fn done(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

impl<F, R> Publisher for F
where
    F: Fn(Vec<Answer>) -> R + Sync,
    R: Future<Output = Result<(), String>> + Send,
{
    fn publish(&self, answers: Vec<Answer>) -> impl Future<Output = Result<(), String>> + Send {
        self(answers)
    }
}

impl std::fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Key::ThrownAway(kind) => kind.name(),
            Key::Own(_) => "a key of ours",
        })
    }
}

/// Where an order ends early, and why.
type Early = (Step, Refusal);

/// An order at the CA.
struct Placed<'a> {
    order: Order,
    authorizations: Vec<Authorization>,
    _hold: Hold<'a>,
}

impl Account {
    /// Places an order, lets the CA validate every name, and asks for the certificate.
    pub async fn order(&self, wanted: &Wanted<'_>, publisher: &impl Publisher) -> Outcome {
        let deadline = Deadline::new(wanted.within);
        let mut outcome = Outcome::of(wanted.identifiers);
        let mut open = Vec::new();
        let end = self.run(wanted, publisher, &deadline, &mut outcome, &mut open).await;
        if let Err((step, refusal)) = end {
            outcome.refuse(step, refusal);
        }
        if wanted.fresh {
            open.retain(|url| !self.authorizations.is_held(url));
            let _ = tokio::time::timeout(CLEAN_UP, self.deactivate(&open)).await;
        }
        outcome
    }

    /// `open` gets the authorizations that stay pending.
    async fn run(
        &self,
        wanted: &Wanted<'_>,
        publisher: &impl Publisher,
        deadline: &Deadline,
        outcome: &mut Outcome,
        open: &mut Vec<String>,
    ) -> Result<(), Early> {
        let (engine, seam) = self.engine().await.map_err(|refusal| (Step::NewOrder, refusal))?;
        let mut placed = self.place(&engine, wanted, deadline, open).await?;
        for authorization in &mut placed.authorizations {
            authorization.method = publisher.method(&authorization.identifier());
        }
        let authorizations = &placed.authorizations;
        open.retain(|url| authorizations.iter().all(|authorization| authorization.url != *url));

        let answers: Vec<Answer> = authorizations.iter().filter_map(|a| a.answer(self.key())).collect();
        let begin = Instant::now();
        let published = match answers.is_empty() {
            true => Ok(()),
            false => publisher.publish(answers).await,
        };
        let deadline = &deadline.later(begin.elapsed());
        if let Err(why) = published {
            publisher.done().await;
            open.extend(authorizations.iter().filter(|a| a.is_pending()).map(|a| a.url.clone()));
            return Err((Step::Publish, Refusal::Own(why)));
        }
        let settle = |a| async move {
            let (identified, left_open) = self.settle(a, deadline).await;
            publisher.settled(&a.identifier(), &identified);
            (identified, left_open)
        };
        let settled = join_all(authorizations.iter().map(settle)).await;
        publisher.done().await;
        for (authorization, (identified, left_open)) in authorizations.iter().zip(settled) {
            if left_open {
                open.push(authorization.url.clone());
            }
            outcome.set(&authorization.identifier(), identified);
        }
        outcome.close();
        if wanted.finalize && outcome.is_validated() {
            let kept = publisher.finalizing(placed.order.url(), self.url());
            kept.map_err(|why| (Step::Finalize, Refusal::Own(why)))?;
            let chain = self.finalize(&mut placed.order, &seam, wanted, deadline, false).await;
            let step = match placed.order.state().status {
                OrderStatus::Processing | OrderStatus::Valid => Step::Fetch,
                _ => Step::Finalize,
            };
            outcome.chain = Some(chain.map_err(|refusal| (step, refusal))?);
        }
        Ok(())
    }

    /// Places the order, and where it is to be fresh, as often as earlier validations stand in its way.
    async fn place(
        &self,
        engine: &Engine,
        wanted: &Wanted<'_>,
        deadline: &Deadline,
        open: &mut Vec<String>,
    ) -> Result<Placed<'_>, Early> {
        let refused = |refusal| (Step::NewOrder, refusal);
        let identifiers = identifiers(wanted.identifiers);
        let mut new = NewOrder::new(&identifiers);
        if let Some(profile) = wanted.profile {
            new = new.profile(profile);
        }
        if let Some((issuer, serial)) = wanted.replaces.and_then(|id| id.split_once('.')) {
            new = new.replaces(CertificateIdentifier {
                authority_key_identifier: issuer.into(),
                serial: serial.into(),
            });
        }
        let mut rounds = ROUNDS;
        loop {
            let mut order = deadline.bound(engine.new_order(&new)).await.map_err(refused)?;
            let urls: Vec<String> = order.state().authorizations.iter().map(|a| a.url.clone()).collect();
            if urls.len() > MAX_AUTHORIZATIONS {
                let why = format!("the order has {} authorizations", urls.len());
                return Err(refused(CaFault::NoAcme(why).into()));
            }
            let seen = join_all(urls.iter().map(|url| self.look(url, deadline))).await;
            let seen = seen.into_iter().collect::<Result<Vec<_>, _>>().map_err(refused)?;
            let authorizations: Vec<Authorization> = seen.into_iter().map(|(seen, _)| seen).collect();
            rounds -= 1;
            let held = |url: &str| self.authorizations.was_told(url) || self.authorizations.is_held(url);
            let old = |a: &&Authorization| wanted.fresh && a.could_be_validated_anew() && !held(&a.url);
            let old: Vec<String> = authorizations.iter().filter(old).map(|a| a.url.clone()).collect();
            if rounds == 0 || old.is_empty() {
                let hold = self.authorizations.hold(urls);
                return Ok(Placed { order, authorizations, _hold: hold });
            }
            let given_up = async {
                self.deactivate(&old).await;
                Ok::<(), Refusal>(())
            };
            deadline.bound(given_up).await.map_err(refused)?;
            // Most CAs give them again for the next order; those that do not would keep them open.
            open.extend(authorizations.iter().filter(|a| a.is_pending()).map(|a| a.url.clone()));
        }
    }

    /// Gives authorizations up; what cannot be is left. <https://www.rfc-editor.org/rfc/rfc8555#section-7.5.2>
    async fn deactivate(&self, urls: &[String]) {
        let ends = join_all(urls.iter().map(|url| self.post(url, r#"{"status":"deactivated"}"#))).await;
        for (url, end) in urls.iter().zip(ends) {
            if let Err(refusal) = end {
                tracing::debug!("{url} cannot be deactivated: {refusal}");
            }
        }
    }
}

/// As an order has them, each once.
fn identifiers(names: &[String]) -> Vec<Identifier> {
    let mut all: Vec<Identifier> = Vec::new();
    for name in names {
        let identifier = match name.parse::<IpAddr>() {
            Ok(address) => Identifier::Ip(address),
            Err(_) => Identifier::Dns(normal(name)),
        };
        if !all.contains(&identifier) {
            all.push(identifier);
        }
    }
    all
}

/// An identifier as CAs write it.
fn normal(name: &str) -> String {
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::{AccountKey, Client, NewAccount};
    use std::sync::Arc;

    fn can_be_spawned(_: impl Send) {}

    /// Compiled, and never run.
    #[allow(dead_code)]
    fn all_of_it_can_be_spawned(
        client: Arc<Client>,
        key: Arc<AccountKey>,
        account: &Account,
        wanted: &Wanted<'_>,
    ) {
        can_be_spawned(account.order(wanted, &|_: Vec<Answer>| async { Ok(()) }));
        can_be_spawned(Account::find(client.clone(), key.clone()));
        can_be_spawned(Account::make(client, key, &NewAccount::default()));
    }

    #[test]
    fn identifiers_are_as_cas_write_them() {
        let names = ["WWW.a.test", "*.A.test", "2001:DB8::0:1", "www.a.test", "192.0.2.1"].map(str::to_owned);
        let all: Vec<String> = identifiers(&names).iter().map(|i| i.authorized(false).to_string()).collect();
        assert_eq!(all, ["www.a.test", "*.a.test", "2001:db8::1", "192.0.2.1"]);
    }
}
