//! The course of a run: what is due, pre hooks, orders side by side, each certificate checked and put live as it comes, deploy
//! hooks, post hooks, and a look at what is served.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use rcgen::PublicKeyData;
use rustls::RootCertStore;
use tokio::sync::Semaphore;

use super::due::{Decision, decide};
use super::key::{self, NewKey};
use super::order::{self, Ordered};
use super::received::{self, Expected};
use super::{Live, Outcome, Renewal, Renewals, Served, backoff, owed, reload, served};
use crate::acme::{Account, AccountKey, Client};
use crate::ca;
use crate::challenge::journal::Journal;
use crate::challenge::{Address, Socket};
use crate::error::Error;
use crate::facts::{HostFacts, Lineage};
use crate::gather::Host;
use crate::gather::fs::Root;
use crate::gather::net::{Net, Sight};
use crate::gather::x509;
use crate::install::{self, Lock, Place, Privkey, Set};
use crate::rehearsal::ca::{Case, Desk};
use crate::rehearsal::hooks::{self, Hooks, Ran};
use crate::rehearsal::news::{Hear, News};
use crate::rehearsal::{Means, Plan, Publisher, Target, local};

/// How many orders are under way at once; their requests to one CA are bounded besides.
const AT_ONCE: usize = 20;

/// How it is renewed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of HTTP-01 validations.
    pub http_port: u16,
    /// The port of the servers that use the certificates.
    pub https_port: u16,
    /// Where web servers pass challenges to.
    pub respond_at: Address,
    /// Where journals, failures and debts are kept.
    pub state_dir: PathBuf,
    /// certbot's configuration folder.
    pub config_dir: PathBuf,
    /// Orders are placed at this directory instead of the one that each conf names.
    pub server: Option<String>,
    /// Renew whatever is due or not.
    pub forced: bool,
    /// Run no hooks, and load no server anew.
    pub no_hooks: bool,
}

/// Where it takes place.
pub struct Stage<'a> {
    /// The network.
    pub net: &'a Net,
    /// How it is renewed.
    pub options: &'a Options,
    /// certbot's locks, which are held until the end.
    pub lock: &'a Lock,
    /// Sockets that systemd has bound for web servers to pass challenges to.
    pub inherited: Vec<Socket>,
    /// Who is told how it goes on.
    pub hear: Hear<'a>,
}

/// A lineage that is due.
struct Job<'a> {
    at: usize,
    lineage: &'a Lineage,
    case: Case,
    server: String,
}

/// Renews what is due.
///
/// # Errors
/// The state directory cannot be written, or the system gives no random bytes.
pub fn run(host: &Host, mut stage: Stage<'_>) -> Result<Renewals, Error> {
    let options = stage.options;
    let mut lineages: Vec<Lineage> = (0..host.confs.len()).filter_map(|at| host.lineage(at)).collect();
    lineages.sort_by(|a, b| a.name.cmp(&b.name));
    stage.net.see(&mut lineages, &host.facts, host.root(), Sight { walks: false, cas: true });
    let mut all: Vec<Renewal> =
        lineages.iter().map(|lineage| judged(lineage, &host.facts, options)).collect();
    let mut publisher = stage.publisher(&lineages, &all, host)?;
    let hooks = Hooks::of(&lineages, &host.facts, host.root());
    let mut around = Vec::new();
    let mut stopped = None;
    let jobs = jobs(&lineages, &mut all, &host.facts, options);
    if !jobs.is_empty() {
        let due: Vec<Lineage> = jobs.iter().map(|job| job.lineage.clone()).collect();
        let of_due = Hooks::of(&due, &host.facts, host.root());
        if !options.no_hooks {
            around.extend(hooks::run(&of_due.pre, &[]));
        }
        let jobs = stage.passing(jobs, &mut all, &mut publisher)?;
        stopped = stage.net.run(stage.place(jobs, &mut all, &mut publisher, host)).err();
        publisher.end().iter().for_each(|left| (stage.hear)(News::Left(left)));
        if !options.no_hooks {
            deploy(&hooks, &lineages, &mut all, host, options);
            around.extend(hooks::run(&of_due.post, &[]));
        }
    } else {
        publisher.end();
        if !options.no_hooks {
            deploy(&hooks, &lineages, &mut all, host, options);
        }
    }
    if stopped.is_none() {
        stage.look_at_served(&lineages, &mut all);
    }
    around.iter().for_each(|ran| (stage.hear)(News::Hook(ran)));
    Ok(Renewals { all, notes: Vec::new(), around, stopped })
}

/// Whether a lineage is due, before anything is tried.
fn judged(lineage: &Lineage, host: &HostFacts, options: &Options) -> Renewal {
    let base = Renewal { lineage: lineage.name.clone(), ..Renewal::default() };
    match decide(lineage, host, options.forced) {
        Err(because) => Renewal { outcome: Outcome::Failed, because, ..base },
        Ok(Decision::Later { at, because }) => Renewal { at, because, ..base },
        Ok(Decision::Now(because)) => {
            let failures = backoff::of(&options.state_dir, &lineage.name);
            match failures.not_before.filter(|until| *until > host.now && !options.forced) {
                Some(until) => Renewal {
                    outcome: Outcome::HeldBack,
                    at: Some(until),
                    because: format!("it has failed {} times, at last: {}", failures.count, failures.last),
                    ..base
                },
                None => Renewal { outcome: Outcome::Failed, because, ..base },
            }
        }
    }
}

/// Whether it is due and will be tried.
fn is_due(renewal: &Renewal) -> bool {
    renewal.outcome == Outcome::Failed
}

/// The orders that are to be placed; what cannot be is told.
fn jobs<'a>(
    lineages: &'a [Lineage],
    all: &mut [Renewal],
    host: &HostFacts,
    options: &Options,
) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (at, (lineage, renewal)) in lineages.iter().zip(all).enumerate() {
        if !is_due(renewal) || lineage.conf.is_err() || lineage.cert.is_err() {
            continue;
        }
        let mut plan = Plan::default();
        plan.lineage(lineage, host);
        if let Some(untested) = plan.untested.first() {
            renewal.because =
                format!("{}; certbot renews it: certbot renew --cert-name {}", untested.what, lineage.name);
            continue;
        }
        let server = options.server.clone().or_else(|| lineage.asks(host).map(str::to_owned));
        let Some(server) = server else {
            renewal.because = "its conf names no CA".into();
            continue;
        };
        let case = Case { key: key::kind(lineage), ..Case::of(lineage, plan.targets) };
        jobs.push(Job { at, lineage, case, server });
    }
    jobs
}

impl Stage<'_> {
    fn publisher(&mut self, lineages: &[Lineage], all: &[Renewal], host: &Host) -> Result<Publisher, Error> {
        let mut plan = Plan::default();
        for (lineage, _) in lineages.iter().zip(all).filter(|(_, renewal)| is_due(renewal)) {
            plan.lineage(lineage, &host.facts);
        }
        let journal = match Journal::begin(&self.options.state_dir) {
            Ok((journal, swept)) => {
                swept.iter().for_each(|path| (self.hear)(News::Swept(path)));
                Some(journal)
            }
            Err(error) if plan.targets.iter().any(|target| target.means.needs_files()) => return Err(error),
            Err(_) => None,
        };
        let Options { http_port, respond_at, .. } = self.options;
        Ok(Publisher::new(journal, *http_port, respond_at.clone(), std::mem::take(&mut self.inherited)))
    }

    /// Leaves out what a web server's plugin would answer, unless the server has just passed a rehearsal on: nobody's
    /// configuration is edited.
    fn passing<'j>(
        &self,
        jobs: Vec<Job<'j>>,
        all: &mut [Renewal],
        publisher: &mut Publisher,
    ) -> Result<Vec<Job<'j>>, Error> {
        let behind = |target: &&Target| matches!(target.means, Means::Behind { .. });
        let targets: Vec<Target> =
            jobs.iter().flat_map(|job| job.case.targets.iter().filter(behind).cloned()).collect();
        if targets.is_empty() {
            return Ok(jobs);
        }
        let rehearsed = local::run(&targets, self.net, publisher, self.hear)?;
        let mut passing = Vec::new();
        for job in jobs {
            let of = |lineage: &Option<String>| lineage.as_deref() == Some(job.lineage.name.as_str());
            let failed: Vec<_> =
                rehearsed.attempts.iter().filter(|a| of(&a.lineage) && !a.ok).cloned().collect();
            let untested = rehearsed.untested.iter().find(|untested| of(&untested.lineage));
            let Some(renewal) = all.get_mut(job.at) else { continue };
            if failed.is_empty() && untested.is_none() {
                passing.push(job);
                continue;
            }
            renewal.outcome = Outcome::NeedsSnippet;
            renewal.because = match failed.first() {
                Some(attempt) => {
                    format!("the web server does not pass the challenge of {} on", attempt.identifier)
                }
                None => untested.map(|untested| untested.what.clone()).unwrap_or_default(),
            };
            renewal.attempts = failed;
        }
        Ok(passing)
    }

    /// Places the orders, and puts each certificate live as it comes.
    async fn place(&self, jobs: Vec<Job<'_>>, all: &mut [Renewal], publisher: &mut Publisher, host: &Host) {
        let publisher = Mutex::new(publisher);
        let places = Semaphore::new(AT_ONCE);
        let mut doors: BTreeMap<String, Result<Arc<Client>, String>> = BTreeMap::new();
        for job in &jobs {
            if !doors.contains_key(&job.server) {
                doors.insert(job.server.clone(), self.client(&job.server).await);
            }
        }
        let accounts = tokio::sync::Mutex::new(BTreeMap::new());
        let (doors, places, accounts, publisher) = (&doors, &places, &accounts, &publisher);
        let mut orders: FuturesUnordered<_> = jobs
            .iter()
            .map(|job| async move {
                let _place = places.acquire().await;
                let got = self.one(job, doors, accounts, publisher, host).await;
                (job, got)
            })
            .collect();
        let roots = self.net.roots();
        while let Some((job, got)) = orders.next().await {
            let Some(renewal) = all.get_mut(job.at) else { continue };
            match got {
                Ok((ordered, key)) => self.take(job, renewal, ordered, key, roots, host.facts.now),
                Err(because) => self.fail(renewal, because, None, host.facts.now),
            }
        }
    }

    async fn client(&self, server: &str) -> Result<Arc<Client>, String> {
        let transport = self.net.way(&Root::live()).map_err(|fault| format!("{server}: {fault}"))?;
        Client::open(transport, server).await.map(Arc::new).map_err(|fault| format!("{server}: {fault}"))
    }

    async fn one(
        &self,
        job: &Job<'_>,
        doors: &BTreeMap<String, Result<Arc<Client>, String>>,
        accounts: &tokio::sync::Mutex<BTreeMap<String, Arc<Account>>>,
        publisher: &Mutex<&mut Publisher>,
        host: &Host,
    ) -> Result<(Ordered, NewKey), String> {
        let client = doors.get(&job.server).ok_or("no way to its CA")?.clone()?;
        let named = self.options.server.as_deref();
        let keys = order::keys(job.lineage, &host.facts, host.root(), named)?;
        let account = {
            // Lineages of one account share it, so that their orders know of each other.
            let id =
                format!("{} {}", job.server, keys.first().map(AccountKey::thumbprint).unwrap_or_default());
            let mut accounts = accounts.lock().await;
            match accounts.get(&id) {
                Some(account) => Arc::clone(account),
                None => {
                    let account = order::account(
                        client.clone(),
                        keys,
                        &job.server,
                        &self.options.state_dir,
                        named.is_some(),
                    );
                    let account = Arc::new(account.await?);
                    accounts.insert(id, account.clone());
                    account
                }
            }
        };
        let key = key::new(job.lineage, host.root()).await?;
        let desk = Desk { case: &job.case, publisher, hear: self.hear };
        let ordered = order::order(&account, &client, &job.server, job.lineage, &key.pair, &desk).await;
        Ok((ordered, key))
    }

    /// Takes what came of an order: a certificate is checked and put live.
    fn take(
        &self,
        job: &Job<'_>,
        renewal: &mut Renewal,
        ordered: Ordered,
        key: NewKey,
        roots: &RootCertStore,
        now: Timestamp,
    ) {
        renewal.attempts = ordered.at_ca.attempts;
        renewal.notes.extend(ordered.notes);
        let Some(chain) = ordered.chain else {
            return self.fail(renewal, ordered.because, ordered.retry_after, now);
        };
        if let Err(because) = self.put_live(job, renewal, &chain, key, roots) {
            self.fail(renewal, because, None, now);
        }
    }

    fn put_live(
        &self,
        job: &Job<'_>,
        renewal: &mut Renewal,
        chain: &str,
        key: NewKey,
        roots: &RootCertStore,
    ) -> Result<(), String> {
        let state_dir = &self.options.state_dir;
        let NewKey { pair, pem } = key;
        let spki = x509::spki_sha256(&pair.subject_public_key_info());
        let received = received::check(
            chain,
            &Expected {
                identifiers: &job.case.identifiers,
                spki_sha256: &spki,
                roots,
                public: ca::authority(&job.server).is_some() && !ca::is_staging(&job.server),
                now: Timestamp::now(),
            },
        )?;
        if let Some(why) = received.unknown_root {
            renewal
                .notes
                .push(format!("its root is not known on this host: {why} (--ca-bundle FILE names it)"));
        }
        let set =
            Set::from_fullchain(chain.as_bytes(), Privkey::Pem(pem)).map_err(|error| error.to_string())?;
        let place =
            Place::read(&self.options.config_dir, &job.lineage.name).map_err(|error| error.to_string())?;
        if !self.options.no_hooks {
            let cannot = |e: std::io::Error| format!("{} cannot be written: {e}", state_dir.display());
            owed::note(state_dir, &job.lineage.name).map_err(cannot)?;
        }
        let installed = install::install(self.lock, &place, &set, &[], state_dir);
        let installed = installed.inspect_err(|_| owed::settle(state_dir, &job.lineage.name));
        let installed = installed.map_err(|error| error.to_string())?;
        renewal.notes.extend(installed.unfinished.iter().map(ToString::to_string));
        renewal.outcome = Outcome::Renewed;
        renewal.installed = Some(Live {
            version: installed.version,
            serial: received.cert.serial,
            not_after: received.cert.not_after,
        });
        backoff::succeeded(state_dir, &job.lineage.name);
        Ok(())
    }

    fn fail(&self, renewal: &mut Renewal, because: String, retry_after: Option<u64>, now: Timestamp) {
        renewal.outcome = Outcome::Failed;
        let kept = backoff::failed(&self.options.state_dir, &renewal.lineage, &because, retry_after, now);
        if let Err(error) = kept {
            renewal.notes.push(format!("the failure cannot be remembered: {error}"));
        }
        renewal.because = because;
    }

    /// Looks at what the host's own server gives for what was renewed.
    fn look_at_served(&self, lineages: &[Lineage], all: &mut [Renewal]) {
        for (lineage, renewal) in lineages.iter().zip(all) {
            let (Some(live), Ok(before)) = (&renewal.installed, &lineage.cert) else { continue };
            let look = served::look(lineage.names(), self.options.https_port, &live.serial, &before.serial);
            renewal.served = self.net.run(look).unwrap_or(Served::NotChecked);
        }
    }
}

/// Runs the deploy hooks of what was renewed, and those that an earlier run still owes.
fn deploy(hooks: &Hooks, lineages: &[Lineage], all: &mut [Renewal], host: &Host, options: &Options) {
    for (lineage, renewal) in lineages.iter().zip(all) {
        let is_owed = owed::is_owed(&options.state_dir, &lineage.name);
        if renewal.installed.is_none() && !is_owed {
            continue;
        }
        if renewal.installed.is_none() {
            renewal.notes.push("its deploy hooks were owed by an earlier run".into());
        }
        let commands =
            hooks.deploy.iter().find(|(name, _)| *name == lineage.name).map(|(_, commands)| commands);
        let live = format!("{}/live/{}", host.facts.dirs.config, lineage.name);
        let names = lineage.names().join(" ");
        let variables = [("RENEWED_LINEAGE", live.as_str()), ("RENEWED_DOMAINS", names.as_str())];
        renewal.hooks = hooks::run(commands.map(Vec::as_slice).unwrap_or_default(), &variables);
        renewal.hooks.extend(reload::after(lineage));
        if renewal.hooks.iter().all(|ran: &Ran| ran.code == Some(0)) {
            owed::settle(&options.state_dir, &lineage.name);
        }
    }
}
