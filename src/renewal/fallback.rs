//! Other CAs, where a lineage's own is down or limits it.

use jiff::Timestamp;

use super::Renewal;
use super::backoff::{Failed, Kind};
use super::jobs::{Job, Turned, for_tests, held};
use super::stage::Stage;
use crate::acme::Client;
use crate::ca;
use crate::caa::{Fault, Request, Ruling, judge};
use crate::config::Fallback;
use crate::facts::Lineage;
use crate::facts::net::NameSeen;
use crate::gather::Host;
use crate::gather::net::Sight;
use crate::rehearsal::Publisher;

impl Stage<'_> {
    /// Places the orders, each at its own CA, and what that cannot give at the fallbacks, one after the other.
    pub(super) fn order(
        &self,
        jobs: &mut [Job<'_>],
        all: &mut [Renewal],
        publisher: &mut Publisher,
        host: &Host,
    ) -> Result<(), u8> {
        let every: Vec<&Job<'_>> = jobs.iter().collect();
        let mut refused = self.net.run(self.place(&every, all, publisher, host))?;
        // Who names a CA for this run means that one.
        let fallbacks = self.config.fallback.all().iter().filter(|_| self.options.server.is_none());
        for fallback in fallbacks {
            let is_other = |job: &Job<'_>| refused.contains(&job.at) && job.server != fallback.server;
            let mut turned: Vec<&mut Job<'_>> = jobs.iter_mut().filter(|job| is_other(job)).collect();
            turned.retain(|job| {
                let held = || held(job.lineage, &fallback.server, self.options, Timestamp::now());
                let why = for_tests(job.lineage, &fallback.server).or_else(|| Some(held()?.because));
                if let (Some(why), Some(renewal)) = (&why, all.get_mut(job.at)) {
                    renewal.notes.push(neither(&fallback.server, why));
                }
                why.is_none()
            });
            if turned.is_empty() {
                continue;
            }
            self.turn(&mut turned, all, fallback, host)?;
            let turned: Vec<&Job<'_>> = turned.into_iter().map(|job| &*job).collect();
            refused.retain(|at| turned.iter().all(|job| job.at != *at));
            refused.extend(self.net.run(self.place(&turned, all, publisher, host))?);
        }
        Ok(())
    }

    /// Has orders placed at a fallback, with the CAA records of their names.
    fn turn(
        &self,
        jobs: &mut [&mut Job<'_>],
        all: &mut [Renewal],
        fallback: &Fallback,
        host: &Host,
    ) -> Result<(), u8> {
        let mut lineages: Vec<Lineage> = jobs.iter().map(|job| job.lineage.clone()).collect();
        // A record of a challenge is not looked for before it is made: resolvers would keep that there is none.
        let sight = Sight { names: true, ..Sight::default() };
        self.net.run(self.net.look_at(&mut lineages, &host.facts, host.root(), sight, self.net.ends()))?;
        for (job, lineage) in jobs.iter_mut().zip(lineages) {
            let seen = lineage.seen.unwrap_or_default();
            if let Some(renewal) = all.get_mut(job.at) {
                let unseen =
                    |name: &NameSeen| Some((name.identifier.clone(), name.caa.as_ref().err()?.to_string()));
                renewal.notes.extend(seen.iter().find_map(unseen).map(|(name, why)| {
                    format!(
                        "whether CAA records let {} issue for {name} could not be seen: {why}",
                        fallback.server
                    )
                }));
            }
            job.server.clone_from(&fallback.server);
            job.turned = Some(Turned { to: fallback.clone(), seen });
        }
        Ok(())
    }
}

/// What is said of a fallback that gave no certificate either.
pub(super) fn neither(server: &str, because: &str) -> String {
    format!("nor does {server} give one: {because}")
}

/// Whether another CA may give what this one did not: it is down or limits, or is a fallback that does not fit.
pub(super) fn may_give(job: &Job<'_>, failed: &Failed) -> bool {
    match failed.trouble.kind {
        Kind::Down | Kind::Limited => true,
        Kind::Own => job.turned.is_some(),
        Kind::Refused | Kind::InVain | Kind::Held => false,
    }
}

/// Why an order is not to be placed at a fallback: what it does not offer, and who does not let it.
pub(super) fn unfit(job: &Job<'_>, client: &Client, account: &str) -> Option<String> {
    job.turned.as_ref()?;
    let required = job.case.required_profile.as_deref();
    let offered = client.directory().profiles.as_deref().unwrap_or_default();
    match required.filter(|name| offered.iter().all(|offered| offered != name)) {
        Some(name) => Some(format!("it does not offer the required profile {name}")),
        None => forbidden(job, client, account),
    }
}

/// Why CAA records do not let a fallback issue for a name, where they do not: it is not asked then.
fn forbidden(job: &Job<'_>, client: &Client, account: &str) -> Option<String> {
    let Turned { to, seen } = job.turned.as_ref()?;
    let said = client.directory().caa_identities.as_deref().unwrap_or_default();
    let mut issuers: Vec<&str> = said.iter().map(String::as_str).collect();
    if issuers.is_empty() {
        issuers.extend(ca::authority(&to.server).map(|authority| authority.caa).unwrap_or_default());
    }
    seen.iter().find_map(|name| {
        let target = job.case.targets.iter().find(|target| target.identifier == name.identifier);
        let request = Request {
            identifier: &name.identifier,
            issuers: &issuers,
            accounts: Some(&[account]),
            method: target.map(|target| target.means.method().name()),
        };
        let Ruling::Forbidden(refusal) = judge(name.caa.as_ref().ok()?, &request) else { return None };
        // Where it is not known by which name they would let it, only what forbids every CA counts.
        let nobody = matches!(refusal.nearest(), Some((_, Fault::Nobody)));
        (!issuers.is_empty() || nobody).then(|| {
            format!("the CAA records of {} do not let it issue for {}", refusal.step.name, name.identifier)
        })
    })
}
