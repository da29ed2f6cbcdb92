//! Why an order came to nothing.

use crate::acme::Refusal;

/// Why there is no certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    /// In words.
    pub because: String,
    /// Another CA may give it: this one is down or limits.
    pub elsewhere: bool,
    /// After how many seconds the CA wants to be asked again.
    pub retry_after: Option<u64>,
}

impl From<String> for Failure {
    fn from(because: String) -> Self {
        Self { because, ..Self::default() }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let retry_after = refusal.problem().and_then(|problem| problem.retry_after);
        Self { because: refusal.to_string(), elsewhere: refusal.is_of_the_ca(), retry_after }
    }
}
