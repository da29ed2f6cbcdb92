//! Nonces, each good for one request. <https://www.rfc-editor.org/rfc/rfc8555#section-6.5>

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::refusal::Refusal;
use crate::gather::net::http01::random_token;

/// How many are remembered; the oldest are forgotten first.
const MOST: usize = 1_000;

/// Those that were given and not used.
#[derive(Debug, Default)]
pub(super) struct Nonces(Mutex<VecDeque<String>>);

impl Nonces {
    /// A fresh one; `None` where the system gives no random bytes.
    pub fn give(&self) -> Option<String> {
        let nonce = random_token().ok()?;
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() == MOST {
            given.pop_front();
        }
        given.push_back(nonce.clone());
        Some(nonce)
    }

    /// Takes one back, once.
    ///
    /// # Errors
    /// It was not given, or it was used.
    pub fn take(&self, nonce: &str) -> Result<(), Refusal> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = given.iter().position(|known| known == nonce);
        let unknown = format!("JWS has an invalid anti-replay nonce: {nonce:?}");
        at.and_then(|at| given.remove(at)).map(|_| ()).ok_or(Refusal::new(400, "badNonce", unknown))
    }
}
