//! The orders, side by side; each certificate is checked and put live as it comes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use rcgen::PublicKeyData;
use rustls::RootCertStore;
use tokio::sync::Semaphore;

use super::account::{Accounts, Opened};
use super::backoff::{Failed, Kind, Trouble};
use super::crowd::Crowds;
use super::jobs::Job;
use super::key::{self, NewKey};
use super::order::{self, Issued, Ordered};
use super::pending::{self, Pending};
use super::received::{self, Expected};
use super::solve::Counter;
use super::stage::Stage;
use super::{Live, Outcome, Renewal, backoff, fallback, jobs, owed};
use crate::acme::{Account, Client, Refusal};
use crate::ca;
use crate::error::Error;
use crate::facts::net::CaFault;
use crate::gather::Host;
use crate::gather::fs::Root;
use crate::gather::x509;
use crate::install::{self, Place, Privkey, Set};
use crate::rehearsal::Publisher;
use crate::rehearsal::ca::Desk;

/// How many orders are under way at once; their requests to one CA are bounded besides.
const AT_ONCE: usize = 20;

/// What the orders of a run have in common.
struct Shared<'a> {
    doors: BTreeMap<String, Result<Arc<Client>, Failed>>,
    accounts: Opened,
    publisher: Mutex<&'a mut Publisher>,
    host: &'a Host,
}

/// What came of an order that an earlier run has placed.
enum Before {
    /// Its certificate.
    Came(Box<Ordered>, NewKey),
    /// Nothing for too long.
    GivenUp(String),
    /// There is none, or nothing comes of it.
    Nothing,
}

impl Stage<'_> {
    /// Places the orders, and puts each certificate live as it comes; gives the places of those for which another CA may be asked.
    pub(super) async fn place(
        &self,
        jobs: &[&Job<'_>],
        all: &mut [Renewal],
        publisher: &mut Publisher,
        host: &Host,
    ) -> Vec<usize> {
        let places = Semaphore::new(AT_ONCE);
        let servers: BTreeSet<&str> = jobs.iter().map(|job| job.server.as_str()).collect();
        let opened =
            servers.into_iter().map(|server| async { (server.to_owned(), self.client(server).await) });
        let doors: BTreeMap<_, _> = futures_util::future::join_all(opened).await.into_iter().collect();
        let (accounts, crowds) = (Opened::default(), Crowds::of(jobs, &self.options.state_dir));
        let shared = &Shared { doors, accounts, publisher: Mutex::new(publisher), host };
        let (places, crowds) = (&places, &crowds);
        let mut orders: FuturesUnordered<_> = jobs
            .iter()
            .map(|&job| async move {
                let entered = crowds.enter(job).await;
                let _place = places.acquire().await;
                let held = || jobs::held(job.lineage, &job.server, self.options, Timestamp::now());
                let got = match entered.is_some().then(held).flatten() {
                    Some(held) => Err(held),
                    None => self.one(job, shared).await,
                };
                (job, got, entered)
            })
            .collect();
        let (roots, mut elsewhere) = (self.net.roots(), Vec::new());
        while let Some((job, got, entered)) = orders.next().await {
            let Some(renewal) = all.get_mut(job.at) else { continue };
            let mut refused = Vec::new();
            let failed = match got {
                Ok((ordered, key)) => {
                    refused.clone_from(&ordered.refused);
                    self.take(job, renewal, ordered, key, roots).err()
                }
                Err(failed) => Some(failed),
            };
            if let Some(failed) = failed {
                // What may be ready at this CA is fetched by the next run, and not ordered at another.
                let ready = || self.kept(job).is_some_and(|kept| !kept.is_old(job.lineage, Timestamp::now()));
                elsewhere.extend((fallback::may_give(job, &failed) && !ready()).then_some(job.at));
                refused.extend(failed.trouble.names.iter().cloned());
                self.fail(job, renewal, failed);
            }
            // What came of it is noted: the next ones may enter.
            if let Some(entered) = entered {
                entered.leave(&refused);
            }
        }
        elsewhere
    }

    async fn client(&self, server: &str) -> Result<Arc<Client>, Failed> {
        let failed = |fault: CaFault| Failed {
            because: format!("{server}: {fault}"),
            ..Failed::from(Refusal::from(fault))
        };
        let transport = self.net.way(&Root::live()).map_err(failed)?;
        Client::open(transport, server).await.map(Arc::new).map_err(failed)
    }

    async fn one(&self, job: &Job<'_>, shared: &Shared<'_>) -> Result<(Ordered, NewKey), Failed> {
        let Shared { doors, accounts, publisher, host } = shared;
        let client = doors.get(&job.server).ok_or_else(|| "no way to its CA".to_owned())?.clone()?;
        let of = match &job.turned {
            None => Accounts::of(job.lineage, &host.facts, host.root(), self.options)?,
            Some(turned) => Accounts::at(&turned.to, &host.facts, host.root())?,
        };
        let account = accounts.get(of, &client, &job.server, &self.options.state_dir).await?;
        if let Some(why) = fallback::unfit(job, &client, account.url()) {
            return Err(why.into());
        }
        let given_up = match self.ordered_before(job, &account, &client).await? {
            Before::Came(ordered, key) => return Ok((*ordered, key)),
            Before::GivenUp(note) => Some(note),
            Before::Nothing => None,
        };
        if let Some(because) = &job.shut_out {
            return Err(because.clone().into());
        }
        let key = key::new(&job.case, job.lineage, host.root()).await?;
        let desk = Desk { case: &job.case, publisher, hear: self.hear };
        let counter = Counter { desk, solver: job.solver.as_ref() };
        let mut ordered = order::order(&account, &client, job, &key, &counter, self.options).await;
        ordered.notes.extend(given_up);
        Ok((ordered, key))
    }

    /// What comes of an order that an earlier run has placed at this CA.
    ///
    /// # Errors
    /// The CA does not give its certificate yet, or there is none, and it is too soon for another order.
    async fn ordered_before(
        &self,
        job: &Job<'_>,
        account: &Account,
        client: &Client,
    ) -> Result<Before, Failed> {
        let Some(before) = self.kept(job) else { return Ok(Before::Nothing) };
        let fetched = match before.account == account.url() {
            true => order::fetch(account, client, &job.case, &before).await,
            false => Ok(None),
        };
        let now = Timestamp::now();
        let held = || jobs::held(job.lineage, &job.server, self.options, now);
        match fetched {
            Ok(Some((ordered, key))) => Ok(Before::Came(Box::new(ordered), key)),
            Ok(None) => {
                pending::forget(self.options, &job.lineage.name);
                held().map_or(Ok(Before::Nothing), Err)
            }
            Err(failed) => {
                let is_over = before.is_given_up(job.lineage, now) || self.options.forced;
                // A limit is reached for another order, too.
                let is_limited = failed.trouble.kind == Kind::Limited;
                let by_a_name = || jobs::by_a_name(job.lineage, &job.server, self.options, now);
                if !is_over || is_limited || job.shut_out.is_some() || held().or_else(by_a_name).is_some() {
                    let _ = pending::keep(self.options, &job.lineage.name, &before.in_vain());
                    return Err(failed);
                }
                pending::forget(self.options, &job.lineage.name);
                Ok(Before::GivenUp(format!("{}: it was ordered anew", failed.because)))
            }
        }
    }

    /// The order of an earlier run at the same CA.
    fn kept(&self, job: &Job<'_>) -> Option<Pending> {
        pending::of(self.options, job.lineage).filter(|kept| kept.server == job.server)
    }

    /// Takes what came of an order: a certificate is checked and put live.
    fn take(
        &self,
        job: &Job<'_>,
        renewal: &mut Renewal,
        ordered: Ordered,
        key: NewKey,
        roots: &RootCertStore,
    ) -> Result<(), Failed> {
        renewal.attempts = ordered.at_ca.attempts;
        renewal.notes.extend(ordered.notes);
        let Some(issued) = ordered.issued else {
            if ordered.failure.trouble.kind == Kind::Refused && self.kept(job).is_some() {
                pending::forget(self.options, &job.lineage.name);
            }
            return Err(ordered.failure);
        };
        // What this host could not install is fetched again; what no host could is of no use.
        let put = self.put_live(job, renewal, issued, key, roots);
        let is_old = || self.kept(job).is_some_and(|kept| kept.is_old(job.lineage, Timestamp::now()));
        let is_over = match put.as_ref().map_err(|failed| failed.trouble.kind) {
            Ok(()) | Err(Kind::InVain) => true,
            Err(Kind::Down) => is_old(),
            Err(_) => false,
        };
        if is_over {
            pending::forget(self.options, &job.lineage.name);
        }
        if let Err(error) =
            backoff::lost(&self.options.state_dir, &job.server, &ordered.refused, Timestamp::now())
        {
            renewal.notes.push(format!("the failures of its names cannot be remembered: {error}"));
        }
        put?;
        let has: &[String] = renewal.installed.as_ref().map(|live| live.names.as_slice()).unwrap_or_default();
        let lost = job.case.identifiers.iter().filter(|name| !has.contains(name));
        renewal.lost = lost.cloned().collect();
        if job.turned.is_some() {
            let before = std::mem::take(&mut renewal.because);
            renewal.because = format!("its own CA gave none: {before}");
            renewal.notes.push(format!("{} issued it: {}", job.server, renewal.because));
        }
        Ok(())
    }

    fn put_live(
        &self,
        job: &Job<'_>,
        renewal: &mut Renewal,
        Issued { chain, names }: Issued,
        key: NewKey,
        roots: &RootCertStore,
    ) -> Result<(), Failed> {
        let state_dir = &self.options.state_dir;
        let NewKey { pair, pem } = key;
        let spki = x509::spki_sha256(&pair.subject_public_key_info());
        let received = received::check(
            &chain,
            &Expected {
                identifiers: &names,
                spki_sha256: &spki,
                roots,
                public: ca::authority(&job.server).is_some() && !ca::is_staging(&job.server),
                now: Timestamp::now(),
            },
        )
        .map_err(|because| Failed { because, trouble: Trouble::of_sent(&chain), at: None })?;
        if let Some(why) = received.unknown_root {
            renewal
                .notes
                .push(format!("its root is not known on this host: {why} (--ca-bundle FILE names it)"));
        }
        let set = Set::from_fullchain(chain.as_bytes(), Privkey::Pem(pem)).map_err(|error| error.line())?;
        let place = Place::read(&self.options.config_dir, &job.lineage.name).map_err(|error| error.line())?;
        // What an earlier run owes stays owed where this one fails.
        let newly_owed = !self.options.no_hooks && !owed::is_owed(self.options, &job.lineage.name);
        if newly_owed {
            let cannot = |e: std::io::Error| format!("{} cannot be written: {e}", state_dir.display());
            owed::note(self.options, &job.lineage.name).map_err(cannot)?;
        }
        let installed = install::install(self.lock, &place, &set, &[], state_dir).inspect_err(|_| {
            // What could not be taken back may be finished by the next run.
            if newly_owed && !install::is_begun(self.lock, &job.lineage.name, state_dir) {
                owed::settle(self.options, &job.lineage.name);
            }
        });
        let installed = installed.map_err(|error| error.line())?;
        renewal.notes.extend(installed.unfinished.iter().map(Error::line));
        renewal.outcome = Outcome::Renewed;
        backoff::succeeded(state_dir, (&job.server, &job.lineage.name), &names);
        renewal.installed = Some(Live {
            version: installed.version,
            serial: received.cert.serial,
            not_after: received.cert.not_after,
            names,
        });
        Ok(())
    }

    fn fail(&self, job: &Job<'_>, renewal: &mut Renewal, failed: Failed) {
        let Failed { because, trouble, mut at } = failed;
        let (state_dir, name) = (&self.options.state_dir, &renewal.lineage);
        let is_held = trouble.kind == Kind::Held;
        if !is_held {
            let serial = job.lineage.cert.as_ref().map(|cert| cert.serial.as_str()).unwrap_or_default();
            let of = backoff::Of { server: &job.server, lineage: name, serial };
            match backoff::failed(state_dir, of, &because, &trouble, Timestamp::now()) {
                Ok(()) => at = backoff::of(state_dir, &job.server, name).not_before,
                Err(error) => renewal.notes.push(format!("the failure cannot be remembered: {error}")),
            }
        }
        // Its own CA has failed before, and decides when it is tried again.
        if job.turned.is_some() {
            return renewal.notes.push(fallback::neither(&job.server, &because));
        }
        renewal.outcome = if is_held { Outcome::HeldBack } else { Outcome::Failed };
        (renewal.because, renewal.at) = (because, at);
    }
}
