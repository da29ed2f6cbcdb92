//! What only the network can show, gathered at once for many names before a deadline.

pub mod ari;
pub mod ca;
pub mod dns;
mod files;
pub mod http01;
mod look;
mod progress;
pub mod roots;
mod served;
mod signals;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::acme::Transport;
use crate::error::Error;
use crate::facts::net::{CaFault, NameSeen, Walk};
use crate::facts::{DNS_01, Egress, Fact, Given, HTTP_01, HostFacts, Lineage, Served};
use crate::gather::fs::Root;
use ca::Door;
use look::{Asked, Look};
use progress::Progress;

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
    /// The variables of this process that decide how requests leave the host.
    pub own: Egress,
    /// More CA certificates to trust.
    pub ca_bundle: Option<PathBuf>,
    /// When the look at the network ends.
    pub deadline: Duration,
    /// How far it has come is told on a terminal.
    pub progress: bool,
}

/// The variables of this process that decide how requests leave the host.
pub fn own_environment() -> Egress {
    let mut own = Egress::default();
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
            own.set(name, value, "the environment of this process");
        }
    }
    own
}

/// A token that was published, and what should come for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The identifier, without `*.`.
    pub identifier: String,
    /// The token.
    pub token: String,
    /// Its key authorization.
    pub key_authorization: String,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sight {
    /// What name servers say of the names.
    pub names: bool,
    /// With them the records of DNS-01 challenges.
    pub challenges: bool,
    /// The way of each HTTP-01 validation, to a token that nobody has published.
    pub walks: bool,
    /// The CAs.
    pub cas: bool,
    /// The certificates that this host's own servers give.
    pub served: bool,
}

/// The network as this host sees it, for one audit.
#[derive(Debug)]
pub struct Net {
    runtime: tokio::runtime::Runtime,
    look: Arc<Look>,
    https_port: u16,
    deadline: Duration,
    progress: bool,
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
        // The first random number of a process takes its library some 30 ms, which pass while files are read.
        runtime.spawn_blocking(|| aws_lc_rs::rand::fill(&mut [0]));
        let _context = runtime.enter();
        signals::outlive_the_file_limit();
        let look = Look::new(&options)?;
        let Options { https_port, deadline, progress, .. } = options;
        Ok(Self { runtime, look: Arc::new(look), https_port, deadline, progress })
    }

    /// The way to CAs that this process has.
    ///
    /// # Errors
    /// A file of CA certificates that the environment names cannot be read.
    pub fn way(&self, root: &Root) -> Result<Arc<Transport>, CaFault> {
        self.look.way(root)
    }

    /// The roots that are trusted here.
    pub fn roots(&self) -> &rustls::RootCertStore {
        self.look.roots()
    }

    /// The zones that names lie in, where this host has a resolver.
    pub fn zones(&self) -> Option<Arc<dns::Zones>> {
        self.look.zones()
    }

    /// Does something that takes time.
    ///
    /// # Errors
    /// The number of the signal that this process was asked to end with.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, u8> {
        self.runtime.block_on(async {
            tokio::select! {
                done = work => Ok(done),
                signal = signals::asked_to_end() => Err(signal),
            }
        })
    }

    /// Walks to published tokens, all at once, by the CA's rules; `walked` is told of each as it ends, by its place.
    ///
    /// # Errors
    /// The number of the signal that this process was asked to end with.
    pub fn rehearse(
        &self,
        planted: &[Planted],
        walked: impl Fn(usize, &Fact<Walk>),
    ) -> Result<Vec<Fact<Walk>>, u8> {
        let walked = &walked;
        let walks = planted.iter().enumerate().map(|(at, ask)| async move {
            let walk = self.look.rehearse(ask).await;
            walked(at, &walk);
            walk
        });
        self.run(futures_util::future::join_all(walks))
    }

    /// What this host's own servers give for the names of these lineages, each name asked for once.
    pub async fn served(&self, lineages: &[Lineage]) -> Vec<Served> {
        let names = lineages.iter().flat_map(Lineage::names).map(String::as_str);
        let mut of: HashMap<String, Vec<Given>> = HashMap::new();
        for given in served::given(names, self.https_port).await {
            of.entry(given.name.clone()).or_default().push(given);
        }
        let of_lineage = |lineage: &Lineage| Served {
            given: lineage.names().iter().filter_map(|name| of.get(name)).flatten().cloned().collect(),
            after_renewal: false,
        };
        lineages.iter().map(of_lineage).collect()
    }

    /// When a look that begins now ends.
    pub fn ends(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Waits for what [`Net::look_at`] sees. A signal ends the process, unless an earlier [`Net::run`] has listened to it.
    pub fn see(&self, lineages: &mut [Lineage], host: &HostFacts, root: &Root, sight: Sight, ends: Instant) {
        self.runtime.block_on(self.look_at(lineages, host, root, sight, ends));
    }

    /// Looks at all identifiers of some lineages at once, each of them once, and at all else that is wanted; what is not, stays as
    /// it is. What is not seen before the end counts as not seen.
    pub async fn look_at(
        &self,
        lineages: &mut [Lineage],
        host: &HostFacts,
        root: &Root,
        sight: Sight,
        ends: Instant,
    ) {
        let mut asked: HashMap<String, Asked> = HashMap::new();
        for lineage in lineages.iter() {
            for identifier in lineage.names().iter().filter(|_| sight.names) {
                let method = lineage.validation_method(host, identifier);
                let of = asked.entry(identifier.clone()).or_default();
                of.dns_01 |= sight.challenges && method == Some(DNS_01);
                of.http_01 |= method == Some(HTTP_01);
                of.walk |= sight.walks && method == Some(HTTP_01);
            }
        }
        let doors: BTreeSet<Door> = match sight.cas {
            true => lineages.iter().filter_map(|lineage| Door::of(lineage, host)).collect(),
            false => BTreeSet::new(),
        };
        let listens =
            || host.own().is_ok_and(|own| own.listens.iter().flatten().any(|port| *port == self.https_port));
        let serves = sight.served && host.live && listens();
        let looked = async {
            let (progress, of) = (Arc::new(Progress::default()), asked.len());
            let own = Arc::new(host.own().ok().cloned());
            let mut tasks = JoinSet::new();
            for (identifier, asked) in asked {
                let (look, progress, own) = (self.look.clone(), progress.clone(), own.clone());
                tasks.spawn(async move {
                    let seen = look.name(identifier, asked, own.as_ref().as_ref(), ends).await;
                    progress.done();
                    seen
                });
            }
            let looking = async {
                let asking = async {
                    let cas = self.look.cas(doors, host, root, ends).await;
                    let windows = self.look.windows(lineages, &cas, host, root, ends).await;
                    (cas, windows)
                };
                let serving = async { if serves { self.served(lineages).await } else { Vec::new() } };
                let ((cas, windows), served) = tokio::join!(asking, serving);
                (tasks.join_all().await, cas, windows, served)
            };
            let (seen, cas, windows, served) = tokio::select! {
                looked = looking => looked,
                () = progress.tell(of, self.progress) => return None,
            };
            let seen = seen.into_iter();
            let seen: HashMap<String, NameSeen> = seen.map(|name| (name.identifier.clone(), name)).collect();
            Some((seen, cas, windows, served))
        };
        let Some((seen, cas, windows, served)) = looked.await else { return };
        for (lineage, window) in lineages.iter_mut().zip(windows).filter(|_| sight.cas) {
            lineage.ari = window;
            lineage.ca = Door::of(lineage, host).and_then(|door| cas.get(&door).cloned());
        }
        for lineage in lineages.iter_mut().filter(|_| sight.names) {
            // A lineage whose certificate cannot be read has no names that could be asked for.
            lineage.seen = Some(lineage.names().iter().filter_map(|name| seen.get(name).cloned()).collect());
        }
        for (lineage, served) in lineages.iter_mut().zip(served) {
            lineage.served = Some(served);
        }
    }
}
