//! The account of an order: certbot's own, or where one may be made, one that is kept in the state directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::backoff::{Failed, Kind, Trouble};
use super::stage::Options;
use crate::acme::{Account, AccountKey, Client, ExternalAccount, NewAccount, Refusal};
use crate::config::Fallback;
use crate::facts::net::CaFault;
use crate::facts::{Choice, HostFacts, Lineage};
use crate::gather::fs::Root;
use crate::gather::net::ca::key_of;
use crate::rehearsal::ca::{self, WITHIN, certbots_keys, external};

/// Which accounts may be taken.
pub(super) struct Accounts {
    /// The keys of certbot's, its own choice first.
    keys: Vec<AccountKey>,
    /// How a new one is to be, where the CA knows none of them; `None` where none may be made.
    new: Option<New>,
}

/// The accounts of a run: each is asked for once, and lineages share it, so that their orders know of each other.
#[derive(Default)]
pub(super) struct Opened(Mutex<BTreeMap<String, Arc<Asked>>>);

/// An account that is asked for, and what came of it.
type Asked = OnceCell<Result<Arc<Account>, Failed>>;

impl Opened {
    /// The account of a lineage at a CA.
    ///
    /// # Errors
    /// The CA does not answer in time, or knows none and none may be made.
    pub(super) async fn get(
        &self,
        accounts: Accounts,
        client: &Arc<Client>,
        server: &str,
        state_dir: &Path,
    ) -> Result<Arc<Account>, Failed> {
        let id = format!("{server} {}", accounts.id());
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().clone();
        let open = async {
            match timeout(WITHIN, accounts.open(client.clone(), server, state_dir)).await {
                Ok(account) => account.map(Arc::new),
                Err(_) => Err(Refusal::from(CaFault::Timeout).into()),
            }
        };
        asked.get_or_init(|| open).await.clone()
    }
}

/// How a new account is to be.
#[derive(Default)]
struct New {
    email: Option<String>,
    external: Option<ExternalAccount>,
}

impl Accounts {
    /// Those of a lineage at its own CA, or at the one that the command line names.
    ///
    /// # Errors
    /// certbot has no account, or none that can be told, and none may be made.
    pub(super) fn of(
        lineage: &Lineage,
        host: &HostFacts,
        root: &Root,
        options: &Options,
    ) -> Result<Self, String> {
        let email = options.email.clone();
        let new = || New { email, external: external(root) };
        if let Some(server) = &options.server {
            return Ok(Self { keys: certbots_keys(host, server, root), new: options.agree_tos.then(new) });
        }
        match (certbots(lineage, host, root), options.agree_tos) {
            (Ok(key), agreed) => Ok(Self { keys: vec![key], new: agreed.then(new) }),
            (Err(_), true) => Ok(Self { keys: Vec::new(), new: Some(new()) }),
            (Err(why), false) => Err(why),
        }
    }

    /// Those at a fallback: certbot's there, else one of ours.
    ///
    /// # Errors
    /// Its key for external accounts cannot be read.
    pub(super) fn at(fallback: &Fallback, host: &HostFacts, root: &Root) -> Result<Self, String> {
        let external = match (&fallback.eab_kid, &fallback.eab_hmac_key_file) {
            (Some(id), Some(file)) => Some(bound(id, file)?),
            (None, None) => None,
            _ => return Err("eab-kid and eab-hmac-key-file of acme-audit.yaml belong together".into()),
        };
        let new = New { email: fallback.email.clone(), external };
        Ok(Self { keys: certbots_keys(host, &fallback.server, root), new: Some(new) })
    }

    /// What tells one account of a CA from another before the CA is asked.
    pub(super) fn id(&self) -> String {
        self.keys.first().map(AccountKey::thumbprint).unwrap_or_default()
    }

    /// The account at the CA.
    ///
    /// # Errors
    /// The CA gives no answer, or knows none and none may be made.
    pub(super) async fn open(
        self,
        client: Arc<Client>,
        server: &str,
        state_dir: &Path,
    ) -> Result<Account, Failed> {
        if let Some(new) = &self.new {
            let contact = new.email.as_ref().map(|email| format!("mailto:{email}"));
            let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
            let new = NewAccount { contact: &contact, external: new.external.as_ref() };
            let made = ca::account(client, self.keys, &new, state_dir, server).await;
            return made.map_err(|refusal| {
                let because = ca::no_account(&refusal);
                match Trouble::of(&refusal) {
                    // It counts for no name, and another CA may take us.
                    Trouble { kind: Kind::Refused, .. } => Failed::from(because),
                    trouble => Failed { because, trouble, at: None },
                }
            });
        }
        let found = Account::find_any(&client, self.keys).await.map_err(|refusal| Failed {
            because: format!("{server} does not say whether it knows certbot's account: {refusal}"),
            ..Failed::from(refusal)
        })?;
        found.ok_or_else(|| {
            Failed::from(format!(
                "{server} does not know certbot's account (acme-audit explain account-unknown-to-ca); --agree-tos makes a \
                 new one"
            ))
        })
    }
}

/// The account that certbot would take.
fn certbots(lineage: &Lineage, host: &HostFacts, root: &Root) -> Result<AccountKey, String> {
    match host.account_of(lineage).map_err(|missing| missing.to_string())? {
        Some(Choice::Named(_, Some(account))) => key_of(account, root),
        Some(Choice::Named(id, None)) => Err(format!(
            "the account {id} is not on this host (acme-audit explain account-dir-missing); --agree-tos makes a new one"
        )),
        Some(Choice::Any(accounts)) => match accounts.as_slice() {
            [only] => key_of(only, root),
            [] => Err(
                "certbot has no account at its CA: certbot register makes one, and --agree-tos one for renew"
                    .into(),
            ),
            _ => Err("certbot has several accounts at its CA, and its conf names none (acme-audit explain \
                      multiple-accounts-ambiguous)"
                .into()),
        },
        None => Err("its conf names no CA".into()),
    }
}

/// What binds an account to a customer of the CA.
fn bound(id: &str, file: &Path) -> Result<ExternalAccount, String> {
    let key = Root::live()
        .read_text(file, 4096, crate::facts::Role::Other)
        .map_err(|missing| missing.to_string())?;
    let key = zeroize::Zeroizing::new(key);
    ExternalAccount::new(id, &key).map_err(|_| format!("{} holds no key in base64url", file.display()))
}
