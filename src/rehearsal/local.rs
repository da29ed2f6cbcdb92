//! The local rehearsal: tokens are published, and walked to from this host by the CA's rules. No CA is asked.

use super::ca::AtCa;
use super::news::{Hear, News};
use super::publish::{Publisher, Unpublished};
use super::told;
use super::verdict::cause;
use super::{Means, Target, Untested};
use crate::challenge::Holder;
use crate::error::Error;
use crate::facts::net::Walk;
use crate::facts::{Attempt, Fact, Lineage, Problem, StandaloneAt, Vantage};
use crate::gather::certbot::shut_by;
use crate::gather::fs::Root;
use crate::gather::net::http01::random_token;
use crate::gather::net::{Net, Planted};

/// What the local rehearsal brings.
#[derive(Debug, Default)]
pub struct Local {
    /// One attempt a target that could be tried.
    pub attempts: Vec<Attempt>,
    /// What could not.
    pub untested: Vec<Untested>,
    /// The walks, with their targets.
    pub walks: Vec<(Target, Walk)>,
    /// Who has the port that a listener of our own needs.
    pub taken: Vec<Holder>,
    /// The signal that ended it early.
    pub stopped: Option<u8>,
}

/// Publishes a token for each target, and walks to all of them at once.
///
/// # Errors
/// The system gives no random bytes.
pub fn run(targets: &[Target], net: &Net, publisher: &mut Publisher, hear: Hear<'_>) -> Result<Local, Error> {
    let mut local = Local::default();
    // A listener of every address is one of each, and not the other way round.
    let mut own: Vec<StandaloneAt> = targets.iter().filter_map(|target| target.means.on_a_port()).collect();
    own.sort_by_key(|at| at.ip.is_some());
    for at in own {
        // What cannot be opened is told with the names that need it.
        let _ = publisher.open_port(at);
    }
    let first = targets.iter().map(|target| (target.clone(), Way::Own));
    let (walks, unpublished) = local.walk(first, net, publisher, hear)?;
    unpublished.iter().for_each(|(target, why)| local.unpublished(target, why));
    let mut again = Vec::new();
    for (target, planted, walk) in walks {
        // What does not come through the server may still be found below its document root.
        match walk.fault.is_some() && target.means.below().is_some() {
            true => again.push((target, planted, walk)),
            false => local.took(&target, &planted, walk, publisher),
        }
    }
    let below = again.iter().map(|(target, ..)| (target.clone(), Way::Below));
    let (walks, unpublished) = local.walk(below, net, publisher, hear)?;
    for (target, planted, walk) in walks {
        local.took(&target, &planted, walk, publisher);
    }
    for (target, why) in unpublished {
        let first = again.iter().find(|(of, ..)| *of == target);
        // Where nothing answers, a file would not be found either.
        match first.filter(|(.., walk)| walk.hops.iter().all(|hop| hop.status.is_none())) {
            Some((target, planted, walk)) => local.took(target, planted, walk.clone(), publisher),
            None => local.unpublished(&target, &why),
        }
    }
    Ok(local)
}

/// What was walked to, and what could not be published.
type Walked = Vec<(Target, Planted, Walk)>;
type Unwalked = Vec<(Target, Unpublished)>;

/// How a target is published.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By its own means.
    Own,
    /// Below the document root of a server that does not pass challenges on.
    Below,
}

impl Local {
    /// Publishes and walks; with it comes what cannot be published.
    fn walk(
        &mut self,
        targets: impl Iterator<Item = (Target, Way)>,
        net: &Net,
        publisher: &mut Publisher,
        hear: Hear<'_>,
    ) -> Result<(Walked, Unwalked), Error> {
        let (mut published, mut unpublished) = (Vec::new(), Vec::new());
        for (target, way) in targets {
            let planted = token(&target)?;
            let own = match way {
                Way::Own => Some(publisher.publish(&target.means, &planted)),
                Way::Below => None,
            };
            let done = match (own, target.means.below()) {
                (Some(Ok(())), _) => Ok(()),
                (_, Some(root)) => publisher.below(root, &planted),
                (Some(failed), None) => failed,
                (None, None) => continue,
            };
            match done {
                Ok(()) => {
                    hear(News::Looking(target.name(), Vantage::ThisHost));
                    published.push((target, way, planted));
                }
                Err(why) => unpublished.push((target, why)),
            }
        }
        let asks: Vec<Planted> = published.iter().map(|(_, _, planted)| planted.clone()).collect();
        let walked = |at: usize, walk: &Fact<Walk>| {
            let Some((target, way, _)) = published.get(at) else { return };
            let ok = walk.as_ref().is_ok_and(|walk| walk.fault.is_none());
            // What will be looked for again is not told yet.
            if ok || *way == Way::Below || target.means.below().is_none() {
                hear(News::Looked(target.name(), Vantage::ThisHost, ok));
            }
        };
        let walks = net.rehearse(&asks, walked).unwrap_or_else(|signal| {
            self.stopped = Some(signal);
            Vec::new()
        });
        let mut walked = Vec::new();
        for ((target, _, planted), walk) in published.into_iter().zip(walks) {
            match walk {
                Ok(walk) => walked.push((target, planted, walk)),
                Err(missing) => self.untested(&target, format!("{}: {missing}", target.identifier)),
            }
        }
        Ok((walked, unpublished))
    }

    /// Puts the walks in the place of what was seen of lineages before.
    pub fn show(&mut self, lineages: &mut [Lineage]) {
        for (target, walk) in std::mem::take(&mut self.walks) {
            let of = lineages.iter_mut().find(|lineage| Some(&lineage.name) == target.lineage.as_ref());
            let seen = of.and_then(|lineage| lineage.seen.as_mut());
            let seen =
                seen.and_then(|seen| seen.iter_mut().find(|name| name.identifier == target.identifier));
            if let Some(seen) = seen {
                seen.walk = Some(Ok(walk));
            }
        }
    }

    /// Takes what a CA said beside what was seen from here.
    pub fn join(&mut self, at_ca: AtCa) {
        for mut attempt in at_ca.attempts {
            let here = self.attempts.iter().find(|own| {
                own.vantage == Vantage::ThisHost
                    && own.lineage == attempt.lineage
                    && own.identifier == attempt.identifier
            });
            if let Some(here) = here {
                attempt.id = told::cause(&attempt, here).map(str::to_owned);
                attempt.differs = attempt.ok != here.ok;
            }
            self.attempts.push(attempt);
        }
        self.untested.extend(at_ca.untested);
    }

    /// Judges a walk.
    fn took(&mut self, target: &Target, planted: &Planted, walk: Walk, publisher: &Publisher) {
        let asked = matches!(target.means, Means::Standalone(_)).then(|| publisher.was_asked(&planted.token));
        let shut = match &target.means {
            Means::Webroot(root) => shut_by(&Root::live(), root).is_some(),
            _ => false,
        };
        self.attempts.push(Attempt {
            ok: walk.fault.is_none(),
            id: cause(&walk, &target.means, asked, shut).map(str::to_owned),
            problem: walk.problem(),
            hops: walk.hops.clone(),
            may_pass: walk.fault.is_some().then(|| may_pass(&target.means)).flatten(),
            ..target.attempt()
        });
        self.walks.push((target.clone(), walk));
    }

    /// A token that has no place fails the validation, unless it is this user alone who may not put it there.
    fn unpublished(&mut self, target: &Target, why: &Unpublished) {
        let what = format!("{}: its token cannot be published: {why}", target.identifier);
        match (why, &target.means) {
            (Unpublished::Taken(holders), Means::Standalone(_)) => {
                self.taken.clone_from(holders);
                self.attempts.push(Attempt {
                    id: Some("port80-taken-standalone".into()),
                    problem: Some(Problem {
                        detail: format!("Could not bind the port: {why}"),
                        ..Problem::default()
                    }),
                    ..target.attempt()
                });
            }
            _ => self.untested(target, what),
        }
    }

    fn untested(&mut self, target: &Target, what: String) {
        self.untested.push(Untested { lineage: target.lineage.clone(), what, matters: true });
    }
}

impl Target {
    /// A failed attempt of this host's that says nothing else yet.
    fn attempt(&self) -> Attempt {
        Attempt {
            lineage: self.lineage.clone(),
            identifier: self.identifier.clone(),
            method: self.means.word().to_owned(),
            vantage: Vantage::ThisHost,
            ok: false,
            id: None,
            problem: None,
            hops: Vec::new(),
            may_pass: None,
            differs: false,
        }
    }
}

/// A token and a key authorization that are like the CA's.
fn token(target: &Target) -> Result<Planted, Error> {
    let random = || random_token().map_err(|_| Error::new("the system gives no random bytes"));
    let (token, thumbprint) = (random()?, random()?);
    let key_authorization = format!("{token}.{thumbprint}");
    Ok(Planted { identifier: target.identifier.clone(), token, key_authorization })
}

/// Why certbot may get through where we do not.
fn may_pass(means: &Means) -> Option<String> {
    match means {
        Means::Behind { server: server @ ("nginx" | "apache"), .. } => Some(format!(
            "certbot's {server} plugin puts a location of its own before everything else while it validates; with the \
             snippet of contrib/web-servers the dry run gets there as well"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::net::Hop;

    /// What is said of the cause where this host passes at one address, and the CA is refused at another.
    fn cause(here: &str, there: &str) -> Option<String> {
        let target = Target {
            lineage: None,
            identifier: "a.test".into(),
            means: Means::Standalone(StandaloneAt::default()),
        };
        let hop = Hop { addresses: vec![here.parse().unwrap()], ..Hop::default() };
        let own = Attempt { ok: true, hops: vec![hop], ..target.attempt() };
        let detail = format!("{there}: Fetching http://a.test/x: Connection refused");
        let problem = Some(Problem { detail, ..Problem::default() });
        let (id, vantage) = (Some("connection-refused".to_owned()), Vantage::Ca);
        let at_ca = Attempt { id, vantage, problem, ..target.attempt() };
        let mut local = Local { attempts: vec![own], ..Local::default() };
        local.join(AtCa { attempts: vec![at_ca], untested: Vec::new() });
        let joined = local.attempts.pop()?;
        assert!(joined.differs);
        joined.id
    }

    #[test]
    fn a_ca_that_goes_to_another_machine_is_told_from_one_that_is_refused() {
        assert_eq!(cause("45.45.45.7", "45.45.45.7").as_deref(), Some("connection-refused"));
        assert_eq!(cause("45.45.45.7", "45.45.45.8").as_deref(), Some("dns-points-elsewhere"));
        assert_eq!(cause("10.0.0.7", "45.45.45.8").as_deref(), Some("connection-refused"), "behind NAT");
    }
}
