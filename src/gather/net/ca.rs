//! What the ACME servers say: the directory, and the state of the host's accounts. Each server is asked once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore};

use super::ari::ari;
use crate::acme::{self, AccountKey, Transport, signed};
use crate::ca;
use crate::facts::net::{AccountSeen, AccountState, Ari, CaFault, CaSeen, Directory};
use crate::facts::{Account, Cert, HostFacts, Role};
use crate::gather::fs::Root;

/// The largest account key that is read, in bytes.
const MAX_KEY: u64 = 64 << 10;

/// How many accounts of a server are asked for.
const MAX_ACCOUNTS: usize = 10;

/// How many questions about certificates are asked at once.
const AT_ONCE: usize = 16;

/// After how long a server that could not be reached is tried once more.
const AGAIN: Duration = Duration::from_secs(2);

/// How often a nonce that the server does not like is replaced. <https://www.rfc-editor.org/rfc/rfc8555#section-6.5>
const NONCES: usize = 5;

type Kept = Arc<OnceCell<Arc<CaSeen>>>;

/// The servers, each asked when the first lineage needs it.
#[derive(Debug)]
pub struct Servers {
    transport: Transport,
    at_once: Semaphore,
    kept: Mutex<HashMap<String, Kept>>,
}

impl Servers {
    /// Servers that are reached by this way.
    pub fn new(transport: Transport) -> Self {
        Self { transport, at_once: Semaphore::new(AT_ONCE), kept: Mutex::default() }
    }

    /// What one of them says; the keys of accounts are read below `root`.
    pub async fn see(&self, server: &str, accounts: &[Account], root: &Root) -> Arc<CaSeen> {
        let cell = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(server.to_owned()).or_default().clone()
        };
        cell.get_or_init(|| self.look(server, accounts, root)).await.clone()
    }

    /// When the server wants a lineage's certificate to be renewed; `None` where it has no such information.
    pub async fn ari(&self, seen: &CaSeen, cert: &Cert) -> Option<Result<Ari, CaFault>> {
        let renewal_info = seen.directory.as_ref().ok()?.renewal_info.as_ref()?;
        let _place = self.at_once.acquire().await;
        Some(ari(&self.transport, renewal_info, cert).await)
    }

    async fn look(&self, server: &str, accounts: &[Account], root: &Root) -> Arc<CaSeen> {
        let mut directory = acme::directory(&self.transport, server).await;
        // One lost packet is no finding.
        if directory.as_ref().is_err_and(CaFault::may_pass) {
            tokio::time::sleep(AGAIN).await;
            directory = acme::directory(&self.transport, server).await;
        }
        let mut seen = Vec::new();
        if let Ok(directory) = &directory {
            for account in accounts.iter().take(MAX_ACCOUNTS) {
                let state = self.account(directory, account, root).await;
                seen.push(AccountSeen { path: account.path.clone(), state });
            }
        }
        Arc::new(CaSeen { server: server.to_owned(), directory, accounts: seen })
    }

    /// Asks for an account by its key, and never makes one. <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.1>
    async fn account(&self, directory: &Directory, account: &Account, root: &Root) -> AccountState {
        let Ok(file) = &account.key else {
            return AccountState::Unasked("its key cannot be read".into());
        };
        let key = match root.read(Path::new(&file.path), MAX_KEY, Role::Other) {
            Ok(content) => AccountKey::from_jwk(&content.bytes),
            Err(missing) => Err(missing.to_string()),
        };
        match key {
            Ok(key) => match self.found(directory, &key).await {
                Ok(state) => state,
                Err(why) => AccountState::Unasked(why),
            },
            Err(why) => AccountState::Unasked(why),
        }
    }

    async fn found(&self, directory: &Directory, key: &AccountKey) -> Result<AccountState, String> {
        let url = &directory.new_account;
        for _ in 0..NONCES {
            let nonce = self.transport.head(&directory.new_nonce).await.map_err(|fault| fault.to_string())?;
            let nonce = nonce.headers.get("replay-nonce").and_then(|nonce| nonce.to_str().ok());
            let nonce = nonce.ok_or("the server gives no nonce")?;
            let request = signed(key, url, nonce, &json!({"onlyReturnExisting": true}))?;
            let reply = self.transport.post(url, &request).await.map_err(|fault| fault.to_string())?;
            let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
            let kind = text("type").rsplit(':').next().unwrap_or_default();
            let detail: String = text("detail").chars().filter(|c| !c.is_control()).take(300).collect();
            return Ok(match (reply.status, kind) {
                (_, "badNonce") => continue,
                (200 | 201, _) if text("status") == "valid" => AccountState::Valid,
                (200 | 201, _) => AccountState::Ended(format!("status {}", text("status"))),
                (_, "accountDoesNotExist") => AccountState::Unknown(detail),
                (401 | 403, "unauthorized") => AccountState::Ended(detail),
                (status, _) => AccountState::Unasked(format!("status {status}: {kind}: {detail}")),
            });
        }
        Err("the server accepts no nonce".into())
    }
}

/// The directory that certbot asks for a server: the production server's v1 form leads to its v2.
pub fn directory_of(server: &str) -> String {
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
