//! What the CA does for each of its URLs. <https://www.rfc-editor.org/rfc/rfc8555#section-7>

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::book::{Account, Authorization, Book, Order, State};
use super::jws::{Jwk, Jws, Signer};
use super::refusal::Refusal;
use super::reply::Reply;
use super::{Ca, identifiers};
use crate::gather::net::http01::random_token;

/// The path of the directory.
pub(super) const DIRECTORY: &str = "/directory";
/// The path of nonces.
pub(super) const NEW_NONCE: &str = "/new-nonce";
const NEW_ACCOUNT: &str = "/new-account";

/// How long a client waits for a look at its challenge, before it is told to ask again, and after how many seconds.
const PATIENCE: Duration = Duration::from_secs(2);
const AGAIN: u64 = 1;

/// How long an order is open.
const OPEN: SignedDuration = SignedDuration::from_hours(24);

impl Ca {
    /// The directory. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1>
    pub(super) fn directory(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.base);
        json!({"newNonce": at(NEW_NONCE), "newAccount": at(NEW_ACCOUNT), "newOrder": at("/new-order")})
    }

    /// Answers what was posted to a path.
    pub(super) async fn post(self: &Arc<Self>, path: &str, body: &[u8]) -> Result<Reply, Refusal> {
        let jws = Jws::read(body)?;
        let (key, account) = self.signer(&jws, path)?;
        let payload = jws.payload(&key)?;
        self.nonces.take(&jws.nonce)?;
        let url = format!("{}{path}", self.base);
        if jws.url != url {
            let got = &jws.url;
            let detail = format!("JWS header parameter 'url' incorrect. Expected {url:?} got {got:?}");
            return Err(Refusal::new(401, "unauthorized", detail));
        }
        let missing = || Refusal::not_found("Page not found");
        let mut parts = path.split('/').skip(1);
        let (what, id, verb) = (parts.next(), parts.next(), parts.next());
        let Some(account) = account else { return self.new_account(key, &payload) };
        let Some(id) = id else {
            return if what == Some("new-order") {
                self.new_order(account, &payload)
            } else {
                Err(missing())
            };
        };
        let id: usize = id.parse().map_err(|_| missing())?;
        match (what, verb) {
            (Some("acct"), None) if id == account => self.account(account, &payload),
            (Some("order"), None) => self.order(id, account),
            (Some("order"), Some("finalize")) => self.finalize(id, account, &payload),
            (Some("order"), Some("certificate")) => self.certificate(id, account),
            (Some("authz"), None) => self.authorization(id, account, &payload),
            (Some("chall"), None) => self.challenge(id, account, &payload).await,
            _ => Err(missing()),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that must have signed a request, and its account, where it needs one.
    fn signer(&self, jws: &Jws, path: &str) -> Result<(Jwk, Option<usize>), Refusal> {
        match (&jws.signer, path == NEW_ACCOUNT) {
            (Signer::Key(key), true) => Ok((key.clone(), None)),
            (Signer::Key(_), false) => Err(Refusal::malformed("No Key ID in JWS header")),
            (Signer::Account(_), true) => Err(Refusal::malformed("No embedded JWK in JWS header")),
            (Signer::Account(url), false) => {
                let id = url.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix("/acct/"));
                let id = id.and_then(|id| id.parse::<usize>().ok());
                let book = self.book();
                match id.and_then(|id| Some((id, book.accounts.get(id)?))) {
                    Some((_, account)) if account.deactivated => {
                        let detail = "Account is not valid, has status \"deactivated\"";
                        Err(Refusal::new(403, "unauthorized", detail))
                    }
                    Some((id, account)) => Ok((account.key.clone(), Some(id))),
                    None => {
                        Err(Refusal::new(400, "accountDoesNotExist", format!("Account {url:?} not found")))
                    }
                }
            }
        }
    }

    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.3>
    fn new_account(&self, key: Jwk, payload: &Value) -> Result<Reply, Refusal> {
        let mut book = self.book();
        let known = book.accounts.iter().position(|account| account.key == key && !account.deactivated);
        let (status, id) = match known {
            Some(id) => (200, id),
            None if payload.get("onlyReturnExisting") == Some(&Value::Bool(true)) => {
                let detail = "No account exists with the provided key";
                return Err(Refusal::new(400, "accountDoesNotExist", detail));
            }
            None => {
                let contact = payload.get("contact").filter(|contact| contact.is_array()).cloned();
                let contact = contact.unwrap_or_else(|| json!([]));
                book.accounts.push(Account { key, contact, deactivated: false });
                (201, book.accounts.len() - 1)
            }
        };
        let account = book.accounts.get(id).map(Account::document);
        let url = format!("{}/acct/{id}", self.base);
        Ok(Reply::json(status, &account.unwrap_or_default()).with("location", url))
    }

    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.6>
    fn account(&self, id: usize, payload: &Value) -> Result<Reply, Refusal> {
        let mut book = self.book();
        let account = book.accounts.get_mut(id).ok_or_else(|| Refusal::not_found("No such account"))?;
        account.deactivated |= deactivates(payload);
        Ok(Reply::json(200, &account.document()))
    }

    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.4>
    fn new_order(&self, account: usize, payload: &Value) -> Result<Reply, Refusal> {
        let names = identifiers::names(payload)?;
        let expires = (Timestamp::now() + OPEN).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut book = self.book();
        let mut authorizations = Vec::new();
        for name in &names {
            let token = random_token().map_err(|_| Refusal::internal("no random bytes"))?;
            authorizations.push(book.authorizations.len());
            let (name, expires, state) = (name.clone(), expires.clone(), State::Pending);
            book.authorizations.push(Authorization { account, name, token, expires, state });
        }
        let order = Order { account, names, authorizations, expires, certificate: None };
        let id = book.orders.len();
        let document = book.order_document(id, &order, &self.base);
        book.orders.push(order);
        Ok(Reply::json(201, &document).with("location", format!("{}/order/{id}", self.base)))
    }

    fn order(&self, id: usize, account: usize) -> Result<Reply, Refusal> {
        let book = self.book();
        let document = book.order_document(id, book.order(id, account)?, &self.base);
        Ok(Reply::json(200, &document).with("location", format!("{}/order/{id}", self.base)))
    }

    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.5>, and 7.5.2: a client may give one up.
    fn authorization(&self, id: usize, account: usize, payload: &Value) -> Result<Reply, Refusal> {
        let mut book = self.book();
        let authorization = book.authorization(id, account)?;
        if deactivates(payload) {
            authorization.state = State::Deactivated;
        }
        let reply = Reply::json(200, &authorization.document(id, &self.base));
        Ok(match authorization.state {
            State::Pending | State::Processing => reply.with("retry-after", AGAIN.to_string()),
            _ => reply,
        })
    }

    /// Looks, and tells what it saw unless that takes long. <https://www.rfc-editor.org/rfc/rfc8555#section-7.5.1>
    async fn challenge(
        self: &Arc<Self>,
        id: usize,
        account: usize,
        payload: &Value,
    ) -> Result<Reply, Refusal> {
        if let Some((name, token, key_authorization)) = self.told(id, account, payload)? {
            let ca = self.clone();
            let look = tokio::spawn(async move {
                let problem = ca.validation.look(&name, &token, &key_authorization).await;
                if let Ok(authorization) = ca.book().authorization(id, account)
                    && authorization.state == State::Processing
                {
                    authorization.state = problem.map_or(State::Valid, State::Invalid);
                }
            });
            // It goes on all the same.
            let _ = timeout(PATIENCE, look).await;
        }
        let mut book = self.book();
        let authorization = book.authorization(id, account)?;
        let reply = Reply::json(200, &authorization.challenge(id, &self.base));
        let reply = reply.with("link", format!("<{}/authz/{id}>;rel=\"up\"", self.base));
        Ok(match authorization.state {
            State::Processing => reply.with("retry-after", AGAIN.to_string()),
            _ => reply,
        })
    }

    /// What is to be looked for, where the client tells the CA so for the first time.
    fn told(
        &self,
        id: usize,
        account: usize,
        payload: &Value,
    ) -> Result<Option<(String, String, String)>, Refusal> {
        let mut book = self.book();
        let thumbprint = book.accounts.get(account).map(|account| account.key.thumbprint.clone());
        let authorization = book.authorization(id, account)?;
        if payload.is_null() || authorization.state != State::Pending {
            return Ok(None);
        }
        authorization.state = State::Processing;
        let (name, token) = (authorization.name.clone(), authorization.token.clone());
        let key_authorization = format!("{token}.{}", thumbprint.unwrap_or_default());
        Ok(Some((name, token, key_authorization)))
    }

    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.4>
    fn finalize(&self, id: usize, account: usize, payload: &Value) -> Result<Reply, Refusal> {
        let mut book = self.book();
        let order = book.order(id, account)?;
        let status = book.status(order);
        if status != "ready" {
            let detail = format!("Order's status ({status:?}) is not acceptable for finalization");
            return Err(Refusal::new(403, "orderNotReady", detail));
        }
        let csr = payload.get("csr").and_then(Value::as_str).unwrap_or_default();
        let csr = BASE64URL_NOPAD.decode(csr.as_bytes());
        let csr = csr.map_err(|_| Refusal::malformed("Error unmarshaling finalize order request"))?;
        let owner = book.accounts.get(account).map(|account| &account.key);
        let chain = self.issuer.finalize(csr, &order.names, owner)?;
        if let Some(order) = book.orders.get_mut(id) {
            order.certificate = Some(chain);
        }
        drop(book);
        self.order(id, account)
    }

    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.4.2>
    fn certificate(&self, id: usize, account: usize) -> Result<Reply, Refusal> {
        let book = self.book();
        let chain = book.order(id, account)?.certificate.clone();
        let body = chain.ok_or_else(|| Refusal::not_found("Certificate not found"))?;
        Ok(Reply { status: 200, headers: Vec::new(), content: "application/pem-certificate-chain", body })
    }
}

/// Whether a client gives something up.
fn deactivates(payload: &Value) -> bool {
    payload.get("status").and_then(Value::as_str) == Some("deactivated")
}
