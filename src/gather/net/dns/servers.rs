//! Name servers as they behave: how many questions each is asked at once, and which have fallen silent.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::Message;
use tokio::sync::Semaphore;

use super::exchange::{Question, ask};
use crate::facts::net::FailureKind;

/// How many questions one server is asked at once.
const AT_ONCE: usize = 64;

/// After so many questions without a single answer a server is asked no more: the audit pays for it once.
const SILENT_AFTER: usize = 4;

/// Every server that was asked.
#[derive(Debug, Default)]
pub struct Servers(Mutex<HashMap<SocketAddr, Arc<Server>>>);

/// One of them.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    at_once: Semaphore,
    answered: AtomicBool,
    unanswered: AtomicUsize,
}

impl Servers {
    /// Asks a server, or says at once that it gives no answer.
    ///
    /// # Errors
    /// No answer, or one that cannot be read.
    pub async fn ask(&self, address: SocketAddr, question: &Question) -> Result<Message, FailureKind> {
        let server = self.server(address);
        let Ok(_place) = server.at_once.acquire().await else { return Err(FailureKind::Timeout) };
        if server.is_silent() {
            return Err(FailureKind::Timeout);
        }
        let answer = ask(server.address, question).await;
        match &answer {
            Err(FailureKind::Timeout | FailureKind::Unreachable(_)) => {
                server.unanswered.fetch_add(1, Ordering::Relaxed);
            }
            _ => server.answered.store(true, Ordering::Relaxed),
        }
        tracing::debug!(
            "asked {address} for {} {}: {}",
            question.name,
            question.kind,
            match &answer {
                Ok(message) =>
                    format!("{}, {} records", message.metadata.response_code, message.answers.len()),
                Err(failure) => format!("{failure:?}"),
            }
        );
        answer
    }

    /// Whether a server was asked and has not answered once.
    pub fn never_answered(&self, address: SocketAddr) -> bool {
        let server = self.server(address);
        !server.answered.load(Ordering::Relaxed) && server.unanswered.load(Ordering::Relaxed) > 0
    }

    fn server(&self, address: SocketAddr) -> Arc<Server> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Server {
                address,
                at_once: Semaphore::new(AT_ONCE),
                answered: AtomicBool::new(false),
                unanswered: AtomicUsize::new(0),
            })
        };
        all.entry(address).or_insert_with(new).clone()
    }
}

impl Server {
    fn is_silent(&self) -> bool {
        !self.answered.load(Ordering::Relaxed) && self.unanswered.load(Ordering::Relaxed) >= SILENT_AFTER
    }
}
