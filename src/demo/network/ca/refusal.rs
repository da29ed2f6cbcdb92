//! Refusals as problem documents. The words are Boulder's where it has some:
//! <https://github.com/letsencrypt/boulder/blob/main/wfe2/wfe.go>

use serde_json::{Value, json};

use super::jws::ALGORITHMS;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// The type without its namespace. <https://www.rfc-editor.org/rfc/rfc8555#section-6.7>
    pub kind: &'static str,
    /// What is said.
    pub detail: String,
}

impl Refusal {
    /// A refusal of this type.
    pub fn new(status: u16, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    /// A request that is none.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(400, "malformed", detail)
    }

    /// Something that is not there, or not this account's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "malformed", detail)
    }

    /// Something that this CA cannot do, and that is its own fault.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(500, "serverInternal", detail)
    }

    /// The document. <https://www.rfc-editor.org/rfc/rfc9457#section-3>
    pub fn document(&self) -> Value {
        let kind = format!("urn:ietf:params:acme:error:{}", self.kind);
        let mut document = json!({"type": kind, "detail": self.detail, "status": self.status});
        // <https://www.rfc-editor.org/rfc/rfc8555#section-6.2> asks for the list.
        if let (true, Some(members)) = (self.kind == "badSignatureAlgorithm", document.as_object_mut()) {
            members.insert("algorithms".into(), json!(ALGORITHMS));
        }
        document
    }
}
