//! What is due and can be tried.

use jiff::Timestamp;

use super::backoff::names::Held;
use super::backoff::{Failed, Kind, Trouble};
use super::due::{Decision, decide};
use super::solve::ports::{Chosen, Ports};
use super::solve::{Solver, Solvers};
use super::stage::{Options, Stage};
use super::{Outcome, Renewal, backoff, pending, received};
use crate::ca;
use crate::challenge::webroot;
use crate::config::Fallback;
use crate::error::Error;
use crate::facts::net::NameSeen;
use crate::facts::{Attempt, HostFacts, Lineage};
use crate::install::Place;
use crate::rehearsal::{Case, Means, Plan, Publisher, Target, local};

/// A lineage that is due.
pub(super) struct Job<'a> {
    /// Its place among all lineages.
    pub at: usize,
    pub lineage: &'a Lineage,
    /// What is ordered.
    pub case: Case,
    /// The directory of the CA that is asked.
    pub server: String,
    /// It is a fallback's.
    pub turned: Option<Turned>,
    /// What publishes, where hooks or updates do.
    pub solver: Option<Solver>,
    /// Why it cannot be proven now: nothing is ordered for it.
    pub shut_out: Option<String>,
    /// A certificate for a part of its names will do.
    pub may_lose: bool,
}

/// Where an order is placed instead.
pub(super) struct Turned {
    /// The fallback.
    pub to: Fallback,
    /// What name servers say of its names.
    pub seen: Vec<NameSeen>,
}

/// The directory that is asked for a lineage.
fn server<'a>(lineage: &'a Lineage, host: &'a HostFacts, options: &'a Options) -> Option<&'a str> {
    options.server.as_deref().or_else(|| lineage.asks(host))
}

/// Whether a lineage is due, before anything is tried.
pub(super) fn judged(lineage: &Lineage, host: &HostFacts, options: &Options) -> Renewal {
    let base = Renewal { lineage: lineage.name.clone(), ..Renewal::default() };
    let held = || held(lineage, server(lineage, host, options)?, options, host.now);
    if is_left_alone(lineage, host, options)
        && let Some(Failed { because, at, .. }) = held()
    {
        return Renewal { outcome: Outcome::HeldBack, at, because, ..base };
    }
    match decide(lineage, host, options.forced) {
        Err(because) => Renewal { outcome: Outcome::Failed, because, ..base },
        Ok(Decision::Later { at, because }) => Renewal { at, because, ..base },
        Ok(Decision::Now(because)) => match held() {
            Some(Failed { because, at, .. }) => Renewal { outcome: Outcome::HeldBack, at, because, ..base },
            None => Renewal { outcome: Outcome::Failed, because, ..base },
        },
    }
}

/// Whether a lineage has failed, and its CA is asked nothing for it meanwhile: not even when it is due.
pub(super) fn is_left_alone(lineage: &Lineage, host: &HostFacts, options: &Options) -> bool {
    let Some(server) = server(lineage, host, options) else { return false };
    let failures = backoff::standing(&options.state_dir, server, lineage);
    !options.forced && failures.told && failures.until(host.now).is_some()
}

/// Why a lineage that is due is not tried already at a CA, and until when: it has failed there before, or one of its names has in
/// the orders of others. To fetch what was ordered before costs nothing, unless the CA wants to be left alone.
pub(super) fn held(lineage: &Lineage, server: &str, options: &Options, now: Timestamp) -> Option<Failed> {
    if options.forced {
        return None;
    }
    let failures = backoff::standing(&options.state_dir, server, lineage);
    let ordered = pending::of(options, lineage).is_some_and(|kept| kept.server == server);
    if let Some(until) = failures.until(now).filter(|_| failures.told || !ordered) {
        return Some(not_before(until, failures.to_string()));
    }
    by_a_name(lineage, server, options, now).filter(|_| !ordered)
}

fn not_before(at: Timestamp, because: String) -> Failed {
    let trouble = Trouble { kind: Kind::Held, ..Trouble::default() };
    Failed { because, trouble, at: Some(at) }
}

/// Why one of its names keeps a lineage from being tried at a CA.
pub(super) fn by_a_name(
    lineage: &Lineage,
    server: &str,
    options: &Options,
    now: Timestamp,
) -> Option<Failed> {
    let Options { state_dir, forced: false, .. } = options else { return None };
    let of = |name| Some((name, backoff::names::held(state_dir, server, name, now)?));
    let all = lineage.names().iter().map(String::as_str).filter_map(of);
    let (name, Held { until, times, limit }) = all.max_by_key(|(_, held)| held.until)?;
    let said = format!(
        "{name} has failed {times} times within the hour, orders of other lineages included, and the CA lets {limit} failures through"
    );
    Some(not_before(until, said))
}

/// Why a CA's certificate must not take the place of the one that is live: it is of those that no browser trusts, and neither is
/// that one nor does its conf ask for such. certbot does not let that happen either.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py>
pub(super) fn for_tests(lineage: &Lineage, server: &str) -> Option<String> {
    let live = lineage.cert.as_ref().ok()?;
    let wanted = lineage.server().is_some_and(ca::is_staging) || received::is_of_tests(live);
    (ca::is_staging(server) && !wanted).then(|| {
        format!(
            "{server} issues for tests alone, and its certificate would take the place of one that is trusted; acme-audit \
             dry-run {} rehearses the renewal",
            lineage.name
        )
    })
}

/// Whether it is due and will be tried.
fn is_due(renewal: &Renewal) -> bool {
    renewal.outcome == Outcome::Failed
}

/// The orders that are to be placed; what cannot be is told.
pub(super) fn jobs<'a>(
    lineages: &'a [Lineage],
    all: &mut [Renewal],
    host: &HostFacts,
    options: &Options,
    solvers: &Solvers<'_>,
) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (at, (lineage, renewal)) in lineages.iter().zip(all).enumerate() {
        if !is_due(renewal) || lineage.conf.is_err() || lineage.cert.is_err() {
            continue;
        }
        // A certificate that could not be put live would be ordered in vain.
        let place = Place::read(&options.config_dir, &lineage.name)
            .and_then(|place| place.is_sound().and_then(|()| place.is_writable()));
        if let Err(error) = place {
            renewal.because = error.line();
            continue;
        }
        let mut plan = Plan::default();
        plan.renewal(lineage, host);
        if let Some(untested) = plan.untested.first() {
            renewal.because =
                format!("{}; certbot renews it: certbot renew --cert-name {}", untested.what, lineage.name);
            continue;
        }
        if let Some(error) = plan.targets.iter().find_map(cannot_publish) {
            renewal.because = error;
            continue;
        }
        let Some(server) = server(lineage, host, options).map(str::to_owned) else {
            renewal.because = "its conf names no CA".into();
            continue;
        };
        if let Some(because) = for_tests(lineage, &server) {
            renewal.because = because;
            continue;
        }
        let solver = match solvers.of(lineage) {
            Ok(solver) => solver,
            Err(because) => {
                renewal.because = because;
                continue;
            }
        };
        let case = match Case::of(lineage, host, plan.targets) {
            Ok(case) => case,
            Err(because) => {
                renewal.because = because;
                continue;
            }
        };
        let may_lose = host.is_on(lineage, "allow_subset_of_names");
        jobs.push(Job { at, lineage, case, server, turned: None, solver, shut_out: None, may_lose });
    }
    jobs
}

/// Why a token's file cannot be written, as far as the disk shows.
fn cannot_publish(target: &Target) -> Option<String> {
    let Means::Webroot(root) = &target.means else { return None };
    webroot::is_writable(root).err().map(|error| error.line())
}

impl Stage<'_> {
    /// Opens the ports on which standalone lineages are proven. Where HTTP-01's is taken, that is another one. Where pre hooks have run
    /// (`hooked`), they may be about to free it.
    pub(super) async fn open_ports(
        &self,
        jobs: &mut [Job<'_>],
        all: &mut [Renewal],
        publisher: &mut Publisher,
        host: &HostFacts,
        hooked: bool,
    ) {
        let mut ports = Ports::new(publisher, self.options.https_port, hooked);
        let on_a_port =
            |job: &&mut Job<'_>| job.case.targets.iter().any(|target| target.means.on_a_port().is_some());
        let mut jobs: Vec<_> = jobs.iter_mut().filter(on_a_port).collect();
        jobs.sort_by_key(|job| host.standalone_at(job.lineage).ip.is_some());
        for job in jobs {
            match ports.choose(job.lineage, host).await {
                Ok(Chosen { solver, note }) => {
                    if solver.is_some() {
                        job.case.targets.iter_mut().for_each(|target| target.means = Means::TlsAlpn);
                    }
                    job.solver = solver;
                    if let Some(renewal) = all.get_mut(job.at) {
                        renewal.notes.extend(note);
                    }
                }
                Err(because) => job.shut_out = Some(because),
            }
        }
    }

    /// Leaves out what a web server's plugin would answer, unless the server has just passed a rehearsal on: nobody's
    /// configuration is edited. After a signal it leaves out all.
    pub(super) fn passing<'j>(
        &self,
        jobs: Vec<Job<'j>>,
        all: &mut [Renewal],
        publisher: &mut Publisher,
        stopped: &mut Option<u8>,
    ) -> Result<Vec<Job<'j>>, Error> {
        let behind = |target: &&Target| matches!(target.means, Means::Behind { .. });
        let targets: Vec<Target> =
            jobs.iter().flat_map(|job| job.case.targets.iter().filter(behind).cloned()).collect();
        if targets.is_empty() {
            return Ok(jobs);
        }
        let rehearsed = local::run(&targets, self.net, publisher, self.hear)?;
        if rehearsed.stopped.is_some() {
            *stopped = rehearsed.stopped;
            return Ok(Vec::new());
        }
        let mut passing = Vec::new();
        for job in jobs {
            let of = |lineage: &Option<String>| lineage.as_deref() == Some(job.lineage.name.as_str());
            let failed: Vec<_> =
                rehearsed.attempts.iter().filter(|a| of(&a.lineage) && !a.ok).cloned().collect();
            let untested = rehearsed.untested.iter().find(|untested| of(&untested.lineage));
            let Some(renewal) = all.get_mut(job.at) else { continue };
            // This host may not see itself as others do (hairpin NAT, another resolver): then the CA tells.
            let answered = |attempt: &&Attempt| attempt.hops.iter().any(|hop| hop.status.is_some());
            if untested.is_none() && !failed.iter().any(|attempt| answered(&attempt)) {
                let first = failed.first().map(|attempt| attempt.identifier.as_str());
                renewal.notes.extend(first.map(|name| {
                    format!(
                        "whether the web server passes the challenge of {name} on cannot be seen from here"
                    )
                }));
                passing.push(job);
                continue;
            }
            renewal.outcome = Outcome::NeedsSnippet;
            renewal.because = match failed.iter().find(answered) {
                Some(attempt) => {
                    format!("the web server does not pass the challenge of {} on", attempt.identifier)
                }
                None => untested.map(|untested| untested.what.clone()).unwrap_or_default(),
            };
            renewal.attempts = failed;
            renewal.behind = job.case.targets.iter().find_map(|target| match target.means {
                Means::Behind { server, .. } => Some(server),
                _ => None,
            });
        }
        Ok(passing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{lineage, lineage_with};

    #[test]
    fn what_is_trusted_is_not_replaced_by_what_is_for_tests() {
        let mut lineage = lineage();
        assert!(for_tests(&lineage, ca::LETS_ENCRYPT_STAGING).is_some());
        assert_eq!(for_tests(&lineage, ca::LETS_ENCRYPT), None);
        assert_eq!(for_tests(&lineage, "https://ca.internal/acme/directory"), None);
        lineage.cert.as_mut().unwrap().issuer = "(STAGING) Pretend Pear X1".into();
        assert_eq!(for_tests(&lineage, ca::LETS_ENCRYPT_STAGING), None);
        let internal = "https://acme-staging.corp.example/directory";
        assert_eq!(for_tests(&lineage_with("server", internal), internal), None, "its own CA");
    }
}
