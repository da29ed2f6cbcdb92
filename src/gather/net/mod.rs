//! What only the network can show, gathered at once for many names, each look-up with a deadline of its own.

mod ari;
pub mod ca;
pub mod dns;
mod files;
pub mod http01;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::acme::Transport;
use crate::error::Error;
use crate::facts::net::{Ari, CaFault, CaSeen, Caa, Dns, NameSeen, Walk};
use crate::facts::{DNS_01, Fact, HTTP_01, HostFacts, Lineage, Missing, Role, Why};
use crate::gather::fs::Root;
use dns::{Resolver, Servers, Zones};

/// How the network is asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name server that is asked instead of the system's.
    pub resolver: Option<SocketAddr>,
    /// The port of HTTP-01 validations.
    pub http_port: u16,
    /// The port that redirects to https lead to.
    pub https_port: u16,
    /// Private and reserved addresses count as reachable.
    pub allow_private: bool,
    /// More CA certificates to trust.
    pub ca_bundle: Option<PathBuf>,
    /// When the look at the network ends.
    pub deadline: Duration,
}

/// The network as this host sees it, for one audit.
#[derive(Debug)]
pub struct Net {
    runtime: tokio::runtime::Runtime,
    look: Arc<Look>,
}

/// Whom names are asked of.
#[derive(Debug)]
struct Resolving {
    resolver: Arc<Resolver>,
    zones: Zones,
}

#[derive(Debug)]
struct Look {
    resolving: Fact<Resolving>,
    names: Semaphore,
    walking: http01::Options,
    cas: ca::Servers,
    ends: Instant,
}

/// What is wanted of a name besides its addresses.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// It is validated by a DNS record.
    dns_01: bool,
    /// It is validated by a web server.
    http_01: bool,
}

impl Net {
    /// Makes ready to ask; nothing is sent yet.
    ///
    /// # Errors
    /// The system gives no threads or no way to wait for sockets.
    pub fn new(options: Options) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::new(format!("cannot ask the network: {e}")).hint("--offline does without"))?;
        let cas = ca::Servers::new(Transport::new(options.ca_bundle.as_deref())?);
        let ends = Instant::now() + options.deadline;
        let servers = Arc::new(Servers::default());
        let addresses = options.resolver.map_or_else(dns::system, |address| Ok(vec![address]));
        let resolving = addresses.map(|addresses| {
            let resolver = Arc::new(Resolver::new(addresses, servers.clone()));
            Resolving { zones: Zones::new(resolver.clone(), servers), resolver }
        });
        let walking = http01::Options {
            http_port: options.http_port,
            https_port: options.https_port,
            allow_private: options.allow_private,
            ..http01::Options::default()
        };
        let look = Look { resolving, names: Semaphore::new(files::at_once()), walking, cas, ends };
        Ok(Self { runtime, look: Arc::new(look) })
    }

    /// Looks at the CAs and all identifiers of some lineages at once, each of them once.
    pub fn see(&self, lineages: &mut [Lineage], host: &HostFacts, root: &Root) {
        let mut asked: HashMap<String, Asked> = HashMap::new();
        for lineage in lineages.iter() {
            for identifier in lineage.names() {
                let method = lineage.validation_method(host, identifier);
                let of = asked.entry(identifier.clone()).or_default();
                of.dns_01 |= method == Some(DNS_01);
                of.http_01 |= method == Some(HTTP_01);
            }
        }
        let servers: BTreeSet<String> =
            lineages.iter().filter_map(|lineage| lineage.asks(host)).map(ca::directory_of).collect();
        let (seen, cas, windows) = self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for (identifier, asked) in asked {
                let look = self.look.clone();
                tasks.spawn(async move { look.name(identifier, asked).await });
            }
            let cas = self.look.cas(servers, host, root).await;
            let windows = self.look.windows(lineages, &cas, host).await;
            let seen = tasks.join_all().await.into_iter();
            let seen: HashMap<String, NameSeen> = seen.map(|name| (name.identifier.clone(), name)).collect();
            (seen, cas, windows)
        });
        for (lineage, window) in lineages.iter_mut().zip(windows) {
            lineage.ari = window;
            let server = lineage.asks(host).map(ca::directory_of);
            lineage.ca = server.and_then(|server| cas.get(&server).cloned());
            // A lineage whose certificate cannot be read has no names that could be asked for.
            lineage.seen = Some(lineage.names().iter().filter_map(|name| seen.get(name).cloned()).collect());
        }
    }
}

impl Look {
    /// What the servers say, all asked at once; one that is not done before the deadline gave no answer.
    async fn cas(
        &self,
        servers: BTreeSet<String>,
        host: &HostFacts,
        root: &Root,
    ) -> HashMap<String, Arc<CaSeen>> {
        let asked = servers.iter().map(|server| async move {
            let accounts = ca::accounts(host, server);
            let seen = timeout_at(self.ends, self.cas.see(server, &accounts, root)).await;
            let late = |_| {
                let directory = Err(CaFault::Timeout);
                Arc::new(CaSeen { server: server.clone(), directory, accounts: Vec::new() })
            };
            (server.clone(), seen.unwrap_or_else(late))
        });
        futures_util::future::join_all(asked).await.into_iter().collect()
    }

    /// When the CAs want each lineage's certificate to be renewed.
    async fn windows(
        &self,
        lineages: &[Lineage],
        cas: &HashMap<String, Arc<CaSeen>>,
        host: &HostFacts,
    ) -> Vec<Option<Result<Ari, CaFault>>> {
        let asked = lineages.iter().map(|lineage| async move {
            let seen = cas.get(&ca::directory_of(lineage.asks(host)?))?;
            let cert = lineage.cert.as_ref().ok()?;
            let window = timeout_at(self.ends, self.cas.ari(seen, cert)).await;
            window.unwrap_or(Some(Err(CaFault::Timeout)))
        });
        futures_util::future::join_all(asked).await
    }

    async fn name(&self, identifier: String, asked: Asked) -> NameSeen {
        let over =
            |what: &str| Missing::new(what, Why::Unclear("not done before the deadline".into()), Role::Other);
        let _place = self.names.acquire().await;
        let seen = timeout_at(self.ends, self.look(&identifier, asked)).await;
        seen.unwrap_or_else(|_| NameSeen {
            dns: Err(over("the name servers")),
            caa: Err(over("the name servers")),
            walk: asked.http_01.then(|| Err(over("the way of the validation"))),
            identifier,
        })
    }

    async fn look(&self, identifier: &str, asked: Asked) -> NameSeen {
        let (dns, caa) = match self.records(identifier, asked).await {
            Ok((dns, caa)) => (Ok(dns), Ok(caa)),
            Err(missing) => (Err(missing.clone()), Err(missing)),
        };
        let walk = match asked.http_01 {
            true => Some(self.walk(identifier, &dns).await),
            false => None,
        };
        NameSeen { identifier: identifier.to_owned(), dns, caa, walk }
    }

    /// What name servers say of an identifier.
    async fn records(&self, identifier: &str, asked: Asked) -> Fact<(Dns, Caa)> {
        let none = || Missing::new(identifier, Why::Unclear("no name of the DNS".into()), Role::Other);
        let Resolving { resolver, zones } = self.resolving.as_ref().map_err(Clone::clone)?;
        let name = dns::name(identifier).ok_or_else(none)?;
        let challenge =
            async { if asked.dns_01 { dns::challenge(resolver, zones, &name).await } else { None } };
        let addresses = dns::addresses(resolver, zones, &name);
        let (dns, challenge, caa) = tokio::join!(addresses, challenge, dns::caa(resolver, &name));
        if resolver.never_answered() {
            let why = Why::Unclear("it gives this host no answers".into());
            return Err(Missing::new(format!("the resolver {}", resolver.shown()), why, Role::Other));
        }
        Ok((Dns { challenge, ..dns }, caa))
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
