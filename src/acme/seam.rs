//! instant-acme over our own client.
//!
//! The crate signs with P-256 keys alone, and certbot's accounts have RSA keys. So it gets a key that nobody knows, and
//! what it signs is signed anew here; our client has the nonces. What the server refuses comes back through the crate
//! as it is, for the crate keeps neither headers nor all of a problem document.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, Response};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use serde_json::{Value, json};

use super::client::Client;
use super::jws::{ExternalAccount, Signer};
use super::key::AccountKey;
use super::refusal::{MAX_FAULT, MAX_SUBPROBLEMS, MAX_TEXT, Refusal, plain, retry_after};
use crate::facts::net::CaFault;
use crate::facts::{Problem, Subproblem};

/// What the crate is told that the directory's URL is.
pub(super) const DIRECTORY: &str = "https://directory.invalid/";

/// What instant-acme takes for an HTTP client.
#[derive(Clone, Debug)]
pub(super) struct Seam {
    pub(super) client: Arc<Client>,
    pub(super) key: Arc<AccountKey>,
    /// Goes into the request for a new account.
    pub(super) external: Option<ExternalAccount>,
    wait: Arc<Mutex<Option<Duration>>>,
}

impl Seam {
    pub(super) fn new(client: Arc<Client>, key: Arc<AccountKey>) -> Self {
        Self { client, key, external: None, wait: Arc::default() }
    }

    /// What the last answer said of when to ask again.
    pub(super) fn wait(&self) -> Option<Duration> {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (head, body) = request.into_parts();
        match head.method {
            Method::GET => return answer(Response::builder(), self.directory()?.to_string().into()),
            // Nobody looks at it.
            Method::HEAD => return answer(Response::builder().header("replay-nonce", "ours"), Bytes::new()),
            _ => {}
        }
        let Ok(body) = body.collect().await;
        let jws: Value = serde_json::from_slice(&body.to_bytes())?;
        let (protected, payload) = (decoded(&jws, "protected")?, decoded(&jws, "payload")?);
        let protected: Value = serde_json::from_str(&protected)?;
        let (url, account) = (text(&protected, "url")?, protected.get("kid").and_then(Value::as_str));
        let payload = match &self.external {
            Some(external) if account.is_none() => {
                let mut payload: Value = serde_json::from_str(&payload)?;
                let bound = external.bind(&self.key, url);
                payload.as_object_mut().map(|payload| payload.insert("externalAccountBinding".into(), bound));
                payload.to_string()
            }
            _ => payload,
        };
        let signer = Signer { key: &self.key, account };
        let reply = self.client.post(signer, url, &payload).await.map_err(|r| Error::Other(Box::new(r)))?;
        let wait = retry_after(&reply).map(Duration::from_secs);
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
        let body = reflecting(&payload, &reply.body).unwrap_or(reply.body);
        let mut response = Response::builder().status(reply.status);
        if let Some(headers) = response.headers_mut() {
            *headers = reply.headers;
        }
        answer(response, body)
    }

    /// The directory, as far as the crate needs it.
    fn directory(&self) -> Result<Value, Error> {
        let known = self.client.directory();
        let missing = || CaFault::NoAcme("the directory names no `newOrder`".into());
        let new_order =
            known.new_order.as_ref().ok_or_else(|| Error::Other(Box::new(Refusal::from(missing()))))?;
        if !new_order.starts_with("https://") {
            let wrong = CaFault::NoAcme(format!("the directory's `newOrder`, {new_order}, is no https URL"));
            return Err(Error::Other(Box::new(Refusal::from(wrong))));
        }
        Ok(json!({"newNonce": known.new_nonce, "newAccount": known.new_account, "newOrder": new_order,
            "renewalInfo": known.renewal_info}))
    }
}

impl HttpClient for Seam {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().pass(request))
    }
}

fn answer(response: hyper::http::response::Builder, body: Bytes) -> Result<BytesResponse, Error> {
    Ok(BytesResponse::from(response.body(Full::new(body))?))
}

/// The answer to an order in the place of a certificate, where the server does not say as it must that it is one: the crate
/// would drop that order, which is there all the same. <https://www.rfc-editor.org/rfc/rfc9773#section-5>
fn reflecting(payload: &str, body: &[u8]) -> Option<Bytes> {
    let asked: Value = serde_json::from_str(payload).ok()?;
    let replaces = asked.get("replaces")?;
    let mut order: Value = serde_json::from_slice(body).ok()?;
    let silent = order.get("status").is_some_and(Value::is_string) && order.get("replaces") != Some(replaces);
    order.as_object_mut().filter(|_| silent)?.insert("replaces".into(), replaces.clone());
    Some(order.to_string().into())
}

fn decoded(jws: &Value, member: &str) -> Result<String, Error> {
    let bytes = BASE64URL_NOPAD.decode(text(jws, member)?.as_bytes()).map_err(|e| Error::Other(e.into()))?;
    String::from_utf8(bytes).map_err(|e| Error::Other(e.into()))
}

fn text<'a>(json: &'a Value, member: &str) -> Result<&'a str, Error> {
    json.get(member).and_then(Value::as_str).ok_or(Error::Str("a member of a JWS"))
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Other(error) => match error.downcast::<Refusal>() {
                Ok(refusal) => *refusal,
                Err(error) => Refusal::Own(error.to_string()),
            },
            Error::Api(problem) => Refusal::Problem(Box::new(of(&problem))),
            error @ (Error::Json(_) | Error::Str(_)) => {
                let why = format!("the server's answer is none of ACME: {error}");
                CaFault::NoAcme(plain(&why, MAX_FAULT)).into()
            }
            error => Refusal::Own(error.to_string()),
        }
    }
}

/// A problem within an order, as far as the crate keeps it.
pub(super) fn of(problem: &instant_acme::Problem) -> Problem {
    let text = |text: &Option<String>| plain(text.as_deref().unwrap_or_default(), MAX_TEXT);
    let sub = |sub: &instant_acme::Subproblem| Subproblem {
        identifier: sub.identifier.as_ref().map(|identifier| identifier.authorized(false).to_string()),
        r#type: text(&sub.r#type),
        detail: text(&sub.detail),
    };
    Problem {
        r#type: text(&problem.r#type),
        detail: text(&problem.detail),
        status: problem.status,
        subproblems: problem.subproblems.iter().take(MAX_SUBPROBLEMS).map(sub).collect(),
        ..Problem::default()
    }
}
