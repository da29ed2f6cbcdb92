//! Accounts: found by their key, or made.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use instant_acme::Account as Engine;
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::client::Client;
use super::csr::ThrowAwayKeys;
use super::jws::{ExternalAccount, Signer};
use super::key::AccountKey;
use super::refusal::Refusal;
use super::seam::{DIRECTORY, Seam};
use super::transport::Reply;

/// An account at a CA. Orders of one account know of each other what they need to.
pub struct Account {
    client: Arc<Client>,
    key: Arc<AccountKey>,
    url: String,
    /// What the crate signs with, before we do.
    stand_in: PrivatePkcs8KeyDer<'static>,
    pub(super) keys: ThrowAwayKeys,
    pub(super) authorizations: Authorizations,
}

/// How a new account is to be. The terms of service are agreed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewAccount<'a> {
    /// URLs, such as `mailto:`, that the CA may write to.
    pub contact: &'a [&'a str],
    /// What binds it to a customer of the CA.
    pub external: Option<&'a ExternalAccount>,
}

/// The authorizations that orders of this run are about.
#[derive(Debug, Default)]
pub(super) struct Authorizations(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// How many orders are about each.
    held: HashMap<String, usize>,
    /// Those that the CA was told to validate.
    told: HashSet<String>,
}

impl Account {
    /// The account of a key; `None` where the CA knows none. <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.1>
    ///
    /// # Errors
    /// No answer, or another refusal.
    pub async fn find(client: Arc<Client>, key: Arc<AccountKey>) -> Result<Option<Self>, Refusal> {
        match Self::ask(client, key, &NewAccount::default(), true).await {
            Err(refusal) if refusal.is("accountDoesNotExist") => Ok(None),
            found => found.map(Some),
        }
    }

    /// The first that the CA knows of the accounts of these keys.
    ///
    /// # Errors
    /// No answer, or another refusal.
    pub async fn find_any(client: &Arc<Client>, keys: Vec<AccountKey>) -> Result<Option<Self>, Refusal> {
        for key in keys {
            if let Some(account) = Self::find(client.clone(), Arc::new(key)).await? {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }

    /// A new account for a key; where the CA knows one, that. <https://www.rfc-editor.org/rfc/rfc8555#section-7.3>
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn make(
        client: Arc<Client>,
        key: Arc<AccountKey>,
        new: &NewAccount<'_>,
    ) -> Result<Self, Refusal> {
        Self::ask(client, key, new, false).await
    }

    async fn ask(
        client: Arc<Client>,
        key: Arc<AccountKey>,
        new: &NewAccount<'_>,
        only_return_existing: bool,
    ) -> Result<Self, Refusal> {
        let mut seam = Seam::new(client.clone(), key.clone());
        seam.external = new.external.cloned();
        let payload = instant_acme::NewAccount {
            contact: new.contact,
            terms_of_service_agreed: true,
            only_return_existing,
        };
        let builder = Engine::builder_with_http(Box::new(seam));
        let (engine, credentials) = builder.create(&payload, DIRECTORY.into(), None).await?;
        let (url, stand_in) = (engine.id().to_owned(), credentials.private_key().clone_key());
        let (keys, authorizations) = (ThrowAwayKeys::default(), Authorizations::default());
        Ok(Self { client, key, url, stand_in, keys, authorizations })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its key.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }

    /// instant-acme as this account, and what tells when to ask again.
    pub(super) async fn engine(&self) -> Result<(Engine, Seam), Refusal> {
        let seam = Seam::new(self.client.clone(), self.key.clone());
        let builder = Engine::builder_with_http(Box::new(seam.clone()));
        let engine =
            builder.from_parts(self.url.clone(), self.stand_in.clone_key(), DIRECTORY.into()).await?;
        Ok((engine, seam))
    }

    /// Posts a payload as this account.
    pub(super) async fn post(&self, url: &str, payload: &str) -> Result<Reply, Refusal> {
        self.client.post(Signer { key: &self.key, account: Some(&self.url) }, url, payload).await
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("url", &self.url).field("key", &self.key).finish_non_exhaustive()
    }
}

/// What an order is about, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    of: &'a Authorizations,
    urls: Vec<String>,
}

impl Authorizations {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that an order is about these.
    pub(super) fn hold(&self, urls: Vec<String>) -> Hold<'_> {
        let mut known = self.known();
        for url in &urls {
            *known.held.entry(url.clone()).or_default() += 1;
        }
        Hold { of: self, urls }
    }

    /// Says that the CA is told to validate one; false where it was told before.
    pub(super) fn tell(&self, url: &str) -> bool {
        self.known().told.insert(url.to_owned())
    }

    /// Whether this run told the CA to validate it.
    pub(super) fn was_told(&self, url: &str) -> bool {
        self.known().told.contains(url)
    }

    /// Whether an order is about it.
    pub(super) fn is_held(&self, url: &str) -> bool {
        self.known().held.contains_key(url)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut known = self.of.known();
        for url in &self.urls {
            if let Some(orders) = known.held.get_mut(url) {
                *orders -= 1;
                if *orders == 0 {
                    known.held.remove(url);
                }
            }
        }
    }
}
