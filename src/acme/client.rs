//! Requests to one ACME server: nonces, signatures, and answers that are told from refusals.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::HeaderMap;
use tokio::sync::Semaphore;

use super::directory::directory;
use super::jws::{Signer, signed};
use super::refusal::{Refusal, patience, retry_after};
use super::transport::{Reply, Transport};
use crate::facts::net::{CaFault, Directory};

/// How many requests are under way at once, and how many of them may ask for a nonce: Let's Encrypt allows 20 of those
/// in a second. A nonce that is not used comes back with each answer, so more than this many are never asked for.
/// <https://letsencrypt.org/docs/rate-limits/#overall-requests-limit>
const AT_ONCE: usize = 20;
const NONCES_AT_ONCE: usize = 4;

/// The longest nonce that is taken, in bytes.
const MAX_NONCE: usize = 1_024;

/// How often a server that has no nonce at the moment is asked.
const NONCE_TRIES: u32 = 4;

/// How often a request is signed anew for a server that does not like its nonce. One that refuses nine of ten, as a
/// test CA can, gets all but one of ten million requests.
const SIGNINGS: usize = 150;

/// How often and after how long a server that is not well for a moment is asked again, and the longest wait of its own choice that
/// is waited for: one that needs more is left alone.
const TRIES: u32 = 3;
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: u64 = 5;

/// A server, its directory, and the nonces that it gave.
#[derive(Debug)]
pub struct Client {
    transport: Arc<Transport>,
    directory: Directory,
    nonces: Mutex<Vec<String>>,
    at_once: Semaphore,
    nonces_at_once: Semaphore,
}

impl Client {
    /// A server whose directory is known.
    pub fn new(transport: Arc<Transport>, directory: Directory) -> Self {
        let (at_once, nonces_at_once) = (Semaphore::new(AT_ONCE), Semaphore::new(NONCES_AT_ONCE));
        Self { transport, directory, nonces: Mutex::default(), at_once, nonces_at_once }
    }

    /// The server with this directory.
    ///
    /// # Errors
    /// No answer, or one that is no directory.
    pub async fn open(transport: Arc<Transport>, url: &str) -> Result<Self, CaFault> {
        let mut tries = 0;
        loop {
            tries += 1;
            match directory(&transport, url).await {
                Ok(directory) => return Ok(Self::new(transport, directory)),
                Err(fault) if tries < TRIES && (fault.may_pass() || is_unwell(&fault)) => {
                    match wait(tries, Refusal::from(fault.clone()).retry_after()) {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => return Err(fault),
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// What the server says of itself.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Posts a payload, which is JSON, or empty where something is only asked for. The answer is one of success.
    ///
    /// # Errors
    /// There is no answer, or it is a refusal.
    pub async fn post(&self, signer: Signer<'_>, url: &str, payload: &str) -> Result<Reply, Refusal> {
        let _place = self.at_once.acquire().await;
        let (mut broken, mut tries) = (false, 0);
        let mut refused = None;
        for _ in 0..SIGNINGS {
            let nonce = self.nonce().await?;
            let jws = signed(signer, url, &nonce, payload).map_err(Refusal::Own)?;
            let reply = match self.transport.post(url, &jws).await {
                // The server may have closed a connection that was kept, just when it was used again. What it did
                // nevertheless it does not do twice: all requests of ACME bear that.
                Err(CaFault::Broken(_)) if !broken => {
                    broken = true;
                    continue;
                }
                reply => reply?,
            };
            self.keep_nonce(&reply.headers);
            if reply.status < 300 {
                return Ok(reply);
            }
            match Refusal::of(&reply) {
                // The answer has a nonce that is better. <https://www.rfc-editor.org/rfc/rfc8555#section-6.5>
                bad if bad.is("badNonce") => refused = Some(bad),
                // Nor does it do twice what it may have done before it said that it is not well.
                other if (500..600).contains(&reply.status) => {
                    tries += 1;
                    let wait = wait(tries, retry_after(&reply)).filter(|_| tries < TRIES);
                    tokio::time::sleep(wait.ok_or(other)?).await;
                }
                other => return Err(other),
            }
        }
        Err(refused.unwrap_or(CaFault::Timeout.into()))
    }

    /// One of the nonces of earlier answers, else a new one.
    async fn nonce(&self) -> Result<String, Refusal> {
        let kept = || self.nonces.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(nonce) = kept() {
            return Ok(nonce);
        }
        let _place = self.nonces_at_once.acquire().await;
        if let Some(nonce) = kept() {
            return Ok(nonce);
        }
        let url = &self.directory.new_nonce;
        let mut tries = 0;
        loop {
            let reply = self.transport.head(url).await?;
            tries += 1;
            match (nonce_in(&reply.headers), reply.status) {
                (Some(nonce), _) => return Ok(nonce),
                (None, 429 | 500..=599) if tries < NONCE_TRIES => match wait(tries, retry_after(&reply)) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(unwell(&reply)),
                },
                (None, 300..) => return Err(unwell(&reply)),
                (None, _) => return Err(CaFault::NoAcme(format!("{url} gives no nonce")).into()),
            }
        }
    }

    fn keep_nonce(&self, headers: &HeaderMap) {
        if let Some(nonce) = nonce_in(headers) {
            let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            // More are never needed at once.
            if nonces.len() < AT_ONCE {
                nonces.push(nonce);
            }
        }
    }
}

fn unwell(reply: &Reply) -> Refusal {
    CaFault::Status(reply.status, patience(retry_after(reply))).into()
}

fn is_unwell(fault: &CaFault) -> bool {
    matches!(fault, CaFault::Status(500..=599, _))
}

/// How long to wait for a server that is not well; `None` where it wants to be left alone for longer.
fn wait(tries: u32, asked: Option<u64>) -> Option<Duration> {
    match asked {
        Some(seconds) => (seconds <= LONGEST_WAIT).then(|| Duration::from_secs(seconds)),
        None => Some(WAIT * tries),
    }
}

fn nonce_in(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get("replay-nonce")?.to_str().ok()?;
    (1..=MAX_NONCE).contains(&nonce.len()).then(|| nonce.to_owned())
}
