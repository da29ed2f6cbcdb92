//! What is answered: a document, or a refusal as one.

use serde_json::Value;

use super::refusal::Refusal;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// Its status.
    pub status: u16,
    /// Headers besides those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The type of its body.
    pub content: &'static str,
    /// Its body.
    pub body: String,
}

impl Reply {
    /// A document.
    pub fn json(status: u16, document: &Value) -> Self {
        Self { status, headers: Vec::new(), content: "application/json", body: document.to_string() }
    }

    /// The same with a header more.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let document = Self::json(refusal.status, &refusal.document());
        Self { content: "application/problem+json", ..document }
    }
}
