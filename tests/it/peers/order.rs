//! An order for one name at a CA, as far as its validation: what the CA says.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use acme_audit::acme::Transport;
use acme_audit::facts::Egress;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, Response};
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error, HttpClient, Identifier,
    Key, NewOrder, Problem,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::sync::Semaphore;

/// How long a CA may take to say something. Pebble gives up on a silent server after 15 s.
const DEADLINE: Duration = Duration::from_secs(30);

/// How many requests are under way at once.
const AT_ONCE: usize = 24;

/// What a CA says in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The name is validated.
    Valid,
    /// It is not: the type of the problem, without its namespace, and the detail.
    Invalid(String, String),
    /// There is a problem, and the authorization stays open: the client has to give up by itself.
    Pending(String, String),
}

/// An account at a CA.
pub struct Ca {
    account: Account,
}

impl Ca {
    /// A new account for a P-256 key at a directory whose certificate comes from this CA.
    pub async fn open(
        directory: &str,
        root: CertificateDer<'static>,
        key: &rcgen::KeyPair,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(root).map_err(|e| Error::Other(e.into()))?;
        let transport =
            Transport::new(roots, Egress::default()).map_err(|e| Error::Other(e.to_string().into()))?;
        let pkcs8 = PrivatePkcs8KeyDer::from(key.serialize_der());
        let key = (Key::from_pkcs8_der(pkcs8.clone_key())?, PrivateKeyDer::from(pkcs8));
        let builder =
            Account::builder_with_http(Box::new(Over(Arc::new((transport, Semaphore::new(AT_ONCE))))));
        let (account, _) = builder.create_from_key(key, directory.to_owned()).await?;
        Ok(Self { account })
    }

    /// Orders a certificate for an identifier, lets the CA look at the HTTP-01 challenge, and asks how that went.
    ///
    /// # Errors
    /// The CA cannot be talked to, or says nothing in time.
    pub async fn validate(&self, identifier: Identifier) -> Result<Answer, Error> {
        let until = Instant::now() + DEADLINE;
        let mut order = match self.account.new_order(&NewOrder::new(&[identifier])).await {
            Err(Error::Api(problem)) => return Ok(Answer::Invalid(kind(&problem), detail(problem))),
            order => order?,
        };
        let mut problem = {
            let mut authorizations = order.authorizations();
            let mut authorization = authorizations.next().await.ok_or("no authorization")??;
            let challenge = authorization.challenge(ChallengeType::Http01);
            match challenge.ok_or("no http-01 challenge")?.set_ready().await {
                Ok(()) => None,
                // Caddy looks before it answers this.
                Err(Error::Api(problem)) => Some(problem),
                Err(error) => return Err(error),
            }
        };
        loop {
            let mut authorizations = order.authorizations();
            let mut authorization = authorizations.next().await.ok_or("no authorization")??;
            let state = authorization.refresh().await?;
            let error = state.challenges.iter().find_map(|challenge| challenge.error.clone());
            problem = error.or(problem);
            match (state.status, &problem) {
                (AuthorizationStatus::Valid, _) => return Ok(Answer::Valid),
                (AuthorizationStatus::Pending, Some(problem)) => {
                    return Ok(Answer::Pending(kind(problem), detail(problem.clone())));
                }
                (AuthorizationStatus::Pending, None) if Instant::now() < until => {}
                (AuthorizationStatus::Pending, None) => return Err("no word in time".into()),
                (_, Some(problem)) => return Ok(Answer::Invalid(kind(problem), detail(problem.clone()))),
                (_, None) => return Err("invalid without a reason".into()),
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }
}

fn kind(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.rsplit(':').next().unwrap_or_default().to_owned()
}

fn detail(problem: Problem) -> String {
    problem.detail.unwrap_or_default()
}

/// instant-acme over our own way to CAs, which opens a connection for each request: some at once, not hundreds.
struct Over(Arc<(Transport, Semaphore)>);

impl HttpClient for Over {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let way = self.0.clone();
        Box::pin(async move {
            let (transport, at_once) = &*way;
            let _turn = at_once.acquire().await.map_err(|e| Error::Other(e.into()))?;
            let (head, body) = request.into_parts();
            let url = head.uri.to_string();
            let reply = match head.method {
                Method::GET => transport.get(&url).await,
                Method::HEAD => transport.head(&url).await,
                _ => {
                    let Ok(body) = body.collect().await;
                    let body = body.to_bytes();
                    transport.post(&url, &serde_json::from_slice(&body)?).await
                }
            };
            let reply = reply.map_err(|fault| Error::Other(format!("{url}: {fault}").into()))?;
            let mut response = Response::builder().status(reply.status).body(Full::new(reply.body))?;
            *response.headers_mut() = reply.headers;
            Ok(BytesResponse::from(response))
        })
    }
}

/// The thumbprint of a P-256 key (RFC 7638).
pub fn thumbprint(key: &rcgen::KeyPair) -> String {
    let (x, y) = key.public_key_raw()[1..].split_at(32);
    let [x, y] = [x, y].map(|half| BASE64URL_NOPAD.encode(half));
    let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    BASE64URL_NOPAD.encode(digest(&SHA256, jwk.as_bytes()).as_ref())
}
