//! What the ACME servers say: the directory, and the state of the host's accounts. Each server is asked once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use super::ari::ari;
use super::roots::{Roots, own_lists};
use crate::acme::{self, AccountKey, Client, Refusal, Signer, Transport};
use crate::ca;
use crate::facts::net::{AccountSeen, AccountState, Ari, CaFault, CaSeen, Directory};
use crate::facts::{Account, Cert, Egress, HostFacts, Lineage, Problem, Role};
use crate::gather::fs::Root;

/// The largest account key that is read, in bytes.
const MAX_KEY: u64 = 64 << 10;

/// How many accounts of a server are asked for.
const MAX_ACCOUNTS: usize = 10;

/// How many questions about certificates are asked at once.
const AT_ONCE: usize = 16;

/// After how long a server that could not be reached is tried once more.
const AGAIN: Duration = Duration::from_secs(2);

type Kept = Arc<OnceCell<Arc<CaSeen>>>;
type Ways = Arc<Mutex<HashMap<Egress, Result<Arc<Transport>, CaFault>>>>;

/// A server, and the environments in which the host's schedule asks it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Door {
    /// The URL of its directory.
    pub server: String,
    /// Each once; empty where nothing is scheduled.
    pub environments: Vec<Egress>,
}

/// The servers, each asked when the first lineage needs it.
#[derive(Debug)]
pub struct Servers {
    roots: Roots,
    /// The environment of this process.
    own: Egress,
    ways: Ways,
    at_once: Semaphore,
    kept: Mutex<HashMap<Door, Kept>>,
}

impl Door {
    /// Where a lineage's renewals go; `None` where nothing says so.
    pub fn of(lineage: &Lineage, host: &HostFacts) -> Option<Self> {
        let server = directory_of(lineage.asks(host)?);
        let environments = host.environments(&lineage.name).into_iter().cloned().collect();
        Some(Self { server, environments })
    }
}

impl Servers {
    /// Servers that are verified with these roots; `own` is the environment of this process.
    pub fn new(roots: Roots, own: Egress) -> Self {
        Self { roots, own, ways: Ways::default(), at_once: Semaphore::new(AT_ONCE), kept: Mutex::default() }
    }

    /// The roots that are trusted, whatever an environment names.
    pub fn roots(&self) -> &rustls::RootCertStore {
        self.roots.store()
    }

    /// What one of them says to this host; the keys of accounts are read below `root`.
    pub async fn see(&self, door: &Door, host: &HostFacts, root: &Root) -> Arc<CaSeen> {
        let cell = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(door.clone()).or_default().clone()
        };
        cell.get_or_init(|| self.look(door, host, root)).await.clone()
    }

    /// When the server wants a lineage's certificate to be renewed; `None` where it has no such information.
    pub async fn ari(&self, seen: &CaSeen, cert: &Cert, root: &Root) -> Option<Result<Ari, CaFault>> {
        let renewal_info = seen.directory.as_ref().ok()?.renewal_info.as_ref()?;
        let _place = self.at_once.acquire().await;
        match self.way(&seen.by, root) {
            Ok(transport) => Some(ari(&transport, renewal_info, cert).await),
            Err(fault) => Some(Err(fault)),
        }
    }

    /// The way out that an environment gives.
    fn way(&self, environment: &Egress, root: &Root) -> Result<Arc<Transport>, CaFault> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let made = ways.entry(environment.clone()).or_insert_with(|| {
            let roots = self.roots.of(root, environment.bundle()).map_err(CaFault::Tls)?;
            let transport = Transport::new(roots, environment.clone());
            transport.map(Arc::new).map_err(|error| CaFault::Tls(error.to_string()))
        });
        made.clone()
    }

    /// The way out that this process has.
    pub fn own_way(&self, root: &Root) -> Result<Arc<Transport>, CaFault> {
        self.way(&self.own, root)
    }

    /// The directory, asked for in one environment.
    async fn directory(&self, server: &str, environment: &Egress, root: &Root) -> Result<Directory, CaFault> {
        let transport = self.way(environment, root)?;
        match acme::directory(&transport, server).await {
            // One lost packet is no finding.
            Err(fault) if fault.may_pass() => {
                tokio::time::sleep(AGAIN).await;
                acme::directory(&transport, server).await
            }
            answer => answer,
        }
    }

    async fn look(&self, door: &Door, host: &HostFacts, root: &Root) -> Arc<CaSeen> {
        let (server, own) = (&door.server, [self.own.clone()]);
        let environments = if door.environments.is_empty() { &own[..] } else { &door.environments };
        let mut seen: Option<CaSeen> = None;
        for environment in environments {
            let directory = self.directory(server, environment, root).await;
            let done = directory.is_ok();
            if done || seen.is_none() {
                seen = Some(CaSeen { by: environment.clone(), ..CaSeen::of(server, directory) });
            }
            if done {
                break;
            }
        }
        let mut seen = seen.unwrap_or_else(|| CaSeen::of(server, Err(CaFault::Timeout)));
        // Where this process gets through, the schedule's environment lacks what this one has.
        if !environments.contains(&self.own)
            && let Err(fault) = &seen.directory
            && let Ok(directory) = self.directory(server, &self.own, root).await
        {
            let scheduled = Some(fault.clone());
            seen = CaSeen { directory: Ok(directory), by: self.own.clone(), scheduled, ..seen };
        }
        if let Ok(transport) = self.way(&seen.by, root) {
            seen.presented = self.roots.compare(&transport.presented(server), &own_lists(host, root));
        }
        if let (Ok(directory), Ok(transport)) = (&seen.directory, self.way(&seen.by, root)) {
            let client = Client::new(transport, directory.clone());
            for account in accounts(host, server).iter().take(MAX_ACCOUNTS) {
                let state = state(&client, account, root).await;
                seen.accounts.push(AccountSeen { path: account.path.clone(), state });
            }
        }
        Arc::new(seen)
    }
}

/// Asks for an account by its key, and never makes one. <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.1>
async fn state(client: &Client, account: &Account, root: &Root) -> AccountState {
    let key = match key_of(account, root) {
        Ok(key) => key,
        Err(why) => return AccountState::Unasked(why),
    };
    let (signer, url) = (Signer { key: &key, account: None }, &client.directory().new_account);
    let reply = match client.post(signer, url, r#"{"onlyReturnExisting":true}"#).await {
        Ok(reply) => reply,
        Err(Refusal::Problem(problem)) => {
            return match (problem.status, problem.kind()) {
                (_, "accountDoesNotExist") => AccountState::Unknown(problem.detail),
                (_, "userActionRequired") => {
                    let page = page(&problem);
                    AccountState::ActionRequired(problem.detail, page)
                }
                (Some(status @ (429 | 500..=599)), _) => AccountState::Busy(busy(status, &problem)),
                (Some(401 | 403), "unauthorized") => AccountState::Ended(problem.detail),
                (status, _) => AccountState::Unasked(format!("status {}: {problem}", status.unwrap_or(0))),
            };
        }
        Err(Refusal::Fault(fault)) if fault.is_busy() => return AccountState::Busy(fault.to_string()),
        Err(refusal) => return AccountState::Unasked(refusal.to_string()),
    };
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match body.get("status").and_then(Value::as_str).unwrap_or_default() {
        "valid" => AccountState::Valid,
        status => AccountState::Ended(format!("status {status}")),
    }
}

/// The key of an account of certbot's.
///
/// # Errors
/// Why there is none; never a part of it.
pub fn key_of(account: &Account, root: &Root) -> Result<AccountKey, String> {
    let file = account.key.as_ref().map_err(|_| "its key cannot be read".to_owned())?;
    let content = root.read(Path::new(&file.path), MAX_KEY, Role::Other);
    AccountKey::from_jwk(&content.map_err(|missing| missing.to_string())?.bytes)
}

/// What a server without time says, and until when.
fn busy(status: u16, problem: &Problem) -> String {
    let words = match acme::patience(problem.retry_after) {
        none if none.is_empty() => problem.to_string(),
        until => format!("{problem}; {until}"),
    };
    CaFault::Status(status, words).to_string()
}

/// The page that says what is to be done: the problem's own, else the terms of service.
/// <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.3>
fn page(problem: &Problem) -> Option<String> {
    let own = problem.instance.clone().filter(|url| url.starts_with("https://"));
    let terms = || problem.links.iter().find(|(relation, _)| relation == "terms-of-service");
    own.or_else(|| terms().map(|(_, url)| url.clone()))
}

/// The directory that certbot asks for a server: the production server's v1 form leads to its v2.
fn directory_of(server: &str) -> String {
    if server == ca::LETS_ENCRYPT_V1 { ca::LETS_ENCRYPT.to_owned() } else { server.to_owned() }
}

/// The accounts that certbot has for a server.
pub fn accounts(host: &HostFacts, server: &str) -> Vec<Account> {
    let folder = ca::account_folder(server);
    let of = |folder: &str| -> Vec<Account> {
        host.accounts.iter().flatten().filter(|account| account.server == folder).cloned().collect()
    };
    match (of(&folder), ca::account_folder_before(&folder)) {
        (none, Some(before)) if none.is_empty() => of(before),
        (found, _) => found,
    }
}
