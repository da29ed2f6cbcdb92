//! One look at the network: every name, every server and every certificate with a deadline.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::ca::Door;
use super::dns::{Resolver, Servers, Validator, Zones};
use super::roots::Roots;
use super::{Options, Planted, ca, dns, files, http01};
use crate::acme::Transport;
use crate::error::Error;
use crate::facts::net::{Ari, CaFault, CaSeen, Caa, Dns, NameSeen, Sibling, Walk};
use crate::facts::{Fact, HostFacts, Lineage, Missing, Own, Role, Why};
use crate::gather::fs::Root;

/// What is wanted of a name besides its addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// It is validated by a DNS record.
    pub dns_01: bool,
    /// It is validated by a web server.
    pub http_01: bool,
    /// The way to that is looked at, too.
    pub walk: bool,
}

/// Whom names are asked of.
#[derive(Debug)]
struct Resolving {
    resolver: Arc<Resolver>,
    zones: Arc<Zones>,
    validator: Validator,
}

/// What everything is asked with.
#[derive(Debug)]
pub(super) struct Look {
    resolving: Fact<Resolving>,
    names: Semaphore,
    walking: http01::Options,
    cas: ca::Servers,
}

impl Look {
    /// Makes ready to ask.
    ///
    /// # Errors
    /// The file of CA certificates cannot be read.
    pub(super) fn new(options: &Options) -> Result<Self, Error> {
        let cas = ca::Servers::new(Roots::new(options.ca_bundle.as_deref())?, options.own.clone());
        let servers = Arc::new(Servers::default());
        let addresses = options.resolver.map_or_else(dns::system, |address| Ok(vec![address]));
        let resolving = addresses.map(|addresses| {
            let resolver = Arc::new(Resolver::new(addresses, servers.clone()));
            let zones = Arc::new(Zones::new(resolver.clone(), servers));
            Resolving { validator: Validator::new(&resolver, &zones), zones, resolver }
        });
        let walking = http01::Options {
            http_port: options.http_port,
            https_port: options.https_port,
            allow_private: options.allow_private,
            ..http01::Options::default()
        };
        Ok(Self { resolving, names: Semaphore::new(files::at_once()), walking, cas })
    }

    /// The roots that are trusted here.
    pub(super) fn roots(&self) -> &rustls::RootCertStore {
        self.cas.roots()
    }

    /// The zones, where there is a resolver.
    pub(super) fn zones(&self) -> Option<Arc<Zones>> {
        self.resolving.as_ref().ok().map(|resolving| resolving.zones.clone())
    }

    /// The way to CAs that this process has.
    pub(super) fn way(&self, root: &Root) -> Result<Arc<Transport>, CaFault> {
        self.cas.own_way(root)
    }

    /// What the servers say, all asked at once; one that is not done before the deadline gave no answer.
    pub(super) async fn cas(
        &self,
        doors: BTreeSet<Door>,
        host: &HostFacts,
        root: &Root,
        ends: Instant,
    ) -> HashMap<Door, Arc<CaSeen>> {
        let asked = doors.iter().map(|door| async move {
            let seen = timeout_at(ends, self.cas.see(door, host, root)).await;
            let late = |_| Arc::new(CaSeen::of(&door.server, Err(CaFault::Timeout)));
            (door.clone(), seen.unwrap_or_else(late))
        });
        futures_util::future::join_all(asked).await.into_iter().collect()
    }

    /// When the CAs want each lineage's certificate to be renewed; they are not asked for what is known already.
    pub(super) async fn windows(
        &self,
        lineages: &[Lineage],
        cas: &HashMap<Door, Arc<CaSeen>>,
        host: &HostFacts,
        root: &Root,
        ends: Instant,
    ) -> Vec<Option<Result<Ari, CaFault>>> {
        let asked = lineages.iter().map(|lineage| async move {
            if let Some(known) = &lineage.ari {
                return Some(known.clone());
            }
            let seen = cas.get(&Door::of(lineage, host)?)?;
            let cert = lineage.cert.as_ref().ok()?;
            let window = timeout_at(ends, self.cas.ari(seen, cert, root)).await;
            window.unwrap_or(Some(Err(CaFault::Timeout)))
        });
        futures_util::future::join_all(asked).await
    }

    /// What the network shows of an identifier; `own` is the audited host's own place in it, where that is known.
    pub(super) async fn name(
        &self,
        identifier: String,
        asked: Asked,
        own: Option<&Own>,
        ends: Instant,
    ) -> NameSeen {
        let over =
            |what: &str| Missing::new(what, Why::Unclear("not done before the deadline".into()), Role::Other);
        let _place = self.names.acquire().await;
        let seen = timeout_at(ends, self.look(&identifier, asked, own)).await;
        seen.unwrap_or_else(|_| NameSeen {
            dns: Err(over("the name servers")),
            caa: Err(over("the name servers")),
            walk: asked.walk.then(|| Err(over("the way of the validation"))),
            identifier,
        })
    }

    async fn look(&self, identifier: &str, asked: Asked, own: Option<&Own>) -> NameSeen {
        let (mut dns, caa) = match self.records(identifier, asked).await {
            Ok((dns, caa)) => (Ok(dns), Ok(caa)),
            Err(missing) => (Err(missing.clone()), Err(missing)),
        };
        let walk = match asked.walk {
            true => Some(self.walk(identifier, &dns).await),
            false => None,
        };
        if let (true, Ok(dns), Some(own)) = (asked.http_01, &mut dns, own)
            && own.is_none_of(&dns.addresses())
        {
            dns.sibling = self.sibling(identifier, dns).await;
        }
        NameSeen { identifier: identifier.to_owned(), dns, caa, walk }
    }

    /// What name servers say of an identifier.
    async fn records(&self, identifier: &str, asked: Asked) -> Fact<(Dns, Caa)> {
        let none = || Missing::new(identifier, Why::Unclear("no name of the DNS".into()), Role::Other);
        let Resolving { resolver, zones, validator } = self.resolving.as_ref().map_err(Clone::clone)?;
        let name = dns::name(identifier).ok_or_else(none)?;
        let challenge =
            async { if asked.dns_01 { dns::challenge(resolver, zones, &name).await } else { None } };
        let addresses = dns::addresses(resolver, zones, &name);
        let (dns, challenge, caa) = tokio::join!(addresses, challenge, dns::caa(resolver, zones, &name));
        answers(resolver)?;
        let signatures = validator.of(&name, &dns, &caa).await;
        Ok((Dns { challenge, signatures, ..dns }, caa))
    }

    async fn sibling(&self, identifier: &str, dns: &Dns) -> Option<Sibling> {
        let Resolving { resolver, zones, .. } = self.resolving.as_ref().ok()?;
        dns::sibling(resolver, zones, &dns::name(identifier)?, dns).await
    }

    /// The way to a token that was published.
    pub(super) async fn rehearse(&self, ask: &Planted) -> Fact<Walk> {
        let Resolving { resolver, .. } = self.resolving.as_ref().map_err(Clone::clone)?;
        let _place = self.names.acquire().await;
        let Planted { identifier, token, key_authorization } = ask;
        let expected = Some(key_authorization.as_str());
        let ask = http01::Ask { identifier, token, expected, options: &self.walking };
        let walk = http01::walk(&ask, resolver.as_ref()).await;
        if walk.hops.iter().all(|hop| hop.used.is_none()) && identifier.parse::<std::net::IpAddr>().is_err() {
            answers(resolver)?;
        }
        Ok(match http01::again(&ask, resolver.as_ref(), &walk).await {
            // The CA needs the same end everywhere.
            Some(missed) if walk.fault.is_none() => Walk { again: Some(Box::new(walk)), ..missed },
            found => Walk { again: found.map(Box::new), ..walk },
        })
    }

    /// The way of a validation, with a token that nobody has: what a miss looks like tells who answers.
    async fn walk(&self, identifier: &str, dns: &Fact<Dns>) -> Fact<Walk> {
        let Resolving { resolver, .. } = self.resolving.as_ref().map_err(Clone::clone)?;
        // An identifier that is an address needs no resolver.
        if identifier.parse::<std::net::IpAddr>().is_err() {
            dns.as_ref().map_err(Clone::clone)?;
        }
        let no_token = |_| Missing::new("a random token", Why::Io("no random bytes".into()), Role::Other);
        let token = http01::random_token().map_err(no_token)?;
        // Where this host's resolver has a view of its own, the way leads through it.
        let inside = dns.as_ref().is_ok_and(Dns::has_a_view_of_its_own);
        let options =
            http01::Options { allow_private: self.walking.allow_private || inside, ..self.walking.clone() };
        let ask = http01::Ask { identifier, token: &token, expected: None, options: &options };
        Ok(http01::walk(&ask, resolver.as_ref()).await)
    }
}

/// Whether a resolver is there at all: one that is not is told once, and not of every name.
fn answers(resolver: &Resolver) -> Fact<()> {
    match resolver.never_answered() {
        true => {
            let why = Why::Unclear("it gives this host no answers".into());
            Err(Missing::new(format!("the resolver {}", resolver.shown()), why, Role::Other))
        }
        false => Ok(()),
    }
}
