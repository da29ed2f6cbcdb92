//! The ways by which tokens are published, each opened when the first token needs it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::news::{Hear, News};
use super::{Means, Target};
use crate::challenge::journal::Journal;
use crate::challenge::listen::{bind, bind_at};
use crate::challenge::{Address, Holder, Responder, Socket, Unbound, webroot};
use crate::error::Error;
use crate::facts::StandaloneAt;
use crate::gather::net::Planted;

/// A listener of our own, or why there is none.
type Listener = Result<Responder, Unpublished>;

/// Where tokens are published during one rehearsal. Dropped, it takes everything back.
pub struct Publisher {
    journal: Option<Journal>,
    port: u16,
    behind: Address,
    inherited: Vec<Socket>,
    /// By address, where a file names one, and port.
    standalone: BTreeMap<(Option<IpAddr>, u16), Listener>,
    local: Option<Listener>,
}

/// Why a token cannot be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpublished {
    /// Somebody else has the port: these, as far as that can be seen.
    Taken(Vec<Holder>),
    /// This user may not, and root may.
    Denied(String),
    /// Anything else.
    Failed(String),
}

impl Publisher {
    /// Publishes files, which are written down in `state_dir` first, on this port, and behind a web server at this address;
    /// `inherited` are sockets that systemd has bound. What an earlier run had left behind is removed, and told.
    ///
    /// # Errors
    /// Nothing can be written down, and one of these targets needs a file.
    pub fn new<'t>(
        mut targets: impl Iterator<Item = &'t Target>,
        state_dir: &Path,
        (port, behind): (u16, Address),
        inherited: Vec<Socket>,
        hear: Hear<'_>,
    ) -> Result<Self, Error> {
        let journal = match Journal::begin(state_dir) {
            Ok((journal, swept)) => {
                swept.iter().for_each(|path| hear(News::Swept(path)));
                Some(journal)
            }
            // Without files there is nothing to write down.
            Err(error) if targets.any(|target| target.means.needs_files()) => return Err(error),
            Err(_) => None,
        };
        Ok(Self { journal, port, behind, inherited, standalone: BTreeMap::new(), local: None })
    }

    /// Publishes by a name's own means; behind a server that is to pass challenges on, that is the listener alone.
    pub fn publish(&mut self, means: &Means, planted: &Planted) -> Result<(), Unpublished> {
        match means {
            Means::Webroot(root) => self.below(root, planted),
            Means::Standalone(at) => self.on_the_port(*at, planted),
            Means::Behind { .. } => self.behind_a_server(planted),
            Means::Manual(_) | Means::Rfc2136 | Means::TlsAlpn => {
                Err(Unpublished::Failed(format!("only a renewal publishes by {}", means.word())))
            }
        }
    }

    /// Publishes below a web root.
    pub fn below(&mut self, root: &Path, planted: &Planted) -> Result<(), Unpublished> {
        let Planted { token, key_authorization, .. } = planted;
        let Some(journal) = &mut self.journal else {
            return Err(Unpublished::Failed("there is no journal for files".into()));
        };
        match webroot::plant(journal, root, token, key_authorization) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(Unpublished::Denied(e.to_string()))
            }
            Err(e) => Err(Unpublished::Failed(e.to_string())),
        }
    }

    /// Publishes on the challenge's own port, or where a file says.
    fn on_the_port(&mut self, at: StandaloneAt, planted: &Planted) -> Result<(), Unpublished> {
        plant(self.own(at).1, planted)
    }

    /// Listens from now on, on the challenge's own port or where a file says, also where that was tried in vain before: a hook may
    /// have freed it since. Ours on single addresses are ended for one of every address.
    ///
    /// # Errors
    /// It cannot be listened on; with the port.
    pub fn open_port(&mut self, at: StandaloneAt) -> Result<(), (u16, Unpublished)> {
        self.standalone.retain(|_, tried| tried.is_ok());
        if at.ip.is_none() {
            let port = at.port.unwrap_or(self.port);
            let (single, others): (BTreeMap<_, _>, _) = std::mem::take(&mut self.standalone)
                .into_iter()
                .partition(|((ip, of), _)| ip.is_some() && *of == port);
            self.standalone = others;
            single.into_values().flatten().for_each(Responder::end);
        }
        let (port, opened) = self.own(at);
        opened.as_ref().map(drop).map_err(|why| (port, why.clone()))
    }

    /// Our listener there; one of every address is one of each.
    fn own(&mut self, at: StandaloneAt) -> (u16, &mut Listener) {
        let port = at.port.unwrap_or(self.port);
        let every = self.standalone.get(&(None, port)).is_some_and(Result::is_ok);
        let ip = at.ip.filter(|_| !every);
        (port, self.standalone.entry((ip, port)).or_insert_with(|| listener(ip, port)))
    }

    /// Publishes where a web server passes challenges to.
    fn behind_a_server(&mut self, planted: &Planted) -> Result<(), Unpublished> {
        let (inherited, behind) = (std::mem::take(&mut self.inherited), &self.behind);
        let sockets = || match inherited.is_empty() {
            true => bind_at(behind).map(|socket| vec![socket]).map_err(|why| match why {
                Unbound::Other(e) => Unbound::Other(std::io::Error::new(e.kind(), format!("{behind}: {e}"))),
                why => why,
            }),
            false => Ok(inherited),
        };
        plant(self.local.get_or_insert_with(|| start(sockets())), planted)
    }

    /// Whether somebody asked one of our own listeners for a token.
    pub fn was_asked(&self, token: &str) -> bool {
        let listeners = self.standalone.values().chain(&self.local).flatten();
        listeners.flat_map(Responder::asked).any(|asked| asked.token == token)
    }

    /// Takes everything back; gives what could not be.
    pub fn end(&mut self) -> Vec<String> {
        let standalone = std::mem::take(&mut self.standalone).into_values();
        for listener in standalone.chain(self.local.take()).flatten() {
            listener.end();
        }
        let left = self.journal.iter_mut().flat_map(Journal::end);
        left.map(|(path, error)| format!("{} could not be removed: {error}", path.display())).collect()
    }
}

fn listener(ip: Option<IpAddr>, port: u16) -> Listener {
    start(match ip {
        Some(ip) => bind_at(&Address::Tcp(SocketAddr::new(ip, port))).map(|socket| vec![socket]),
        None => bind(port),
    })
}

fn start(sockets: Result<Vec<Socket>, Unbound>) -> Listener {
    let sockets = sockets.map_err(Unpublished::from)?;
    Responder::start(sockets).map_err(|e| Unpublished::Failed(e.to_string()))
}

fn plant(listener: &mut Listener, planted: &Planted) -> Result<(), Unpublished> {
    let listener = listener.as_mut().map_err(|why| why.clone())?;
    let Planted { token, key_authorization, .. } = planted;
    listener.plant(token, key_authorization).map_err(|e| Unpublished::Failed(e.to_string()))
}

impl From<Unbound> for Unpublished {
    fn from(why: Unbound) -> Self {
        match why {
            Unbound::Taken(holders) => Unpublished::Taken(holders),
            Unbound::Denied => Unpublished::Denied(why.to_string()),
            Unbound::Other(e) => Unpublished::Failed(e.to_string()),
        }
    }
}

impl std::fmt::Display for Unpublished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unpublished::Taken(holders) if holders.is_empty() => {
                f.write_str("an unknown process has the port")
            }
            Unpublished::Taken(holders) => {
                let all: Vec<String> = holders.iter().map(ToString::to_string).collect();
                write!(f, "{} has the port", all.join(", "))
            }
            Unpublished::Denied(why) => write!(f, "{why}; root may"),
            Unpublished::Failed(why) => f.write_str(why),
        }
    }
}
