//! What a CA says when it refuses something: <https://www.rfc-editor.org/rfc/rfc8555#section-6.7>.

use serde::{Deserialize, Serialize};

/// A problem document (RFC 9457) with what the answer's headers add. Its texts are bounded and of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// Its type, a URN; empty where the CA names none.
    pub r#type: String,
    /// The CA's words.
    pub detail: String,
    /// The status of the answer; `None` within an order or a challenge, where none is named.
    pub status: Option<u16>,
    /// What concerns single identifiers.
    pub subproblems: Vec<Subproblem>,
    /// Where a person has to go, as a URL.
    pub instance: Option<String>,
    /// Where else the answer leads: relation and URL.
    pub links: Vec<(String, String)>,
    /// After how many seconds the CA wants to be asked again.
    pub retry_after: Option<u64>,
}

/// A part of a problem that concerns one identifier. <https://www.rfc-editor.org/rfc/rfc8555#section-6.7.1>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subproblem {
    /// The identifier, as the CA writes it.
    pub identifier: Option<String>,
    /// Its type, a URN.
    pub r#type: String,
    /// The CA's words.
    pub detail: String,
}

impl Problem {
    /// The type without its namespace: `rateLimited`.
    pub fn kind(&self) -> &str {
        kind(&self.r#type)
    }

    /// The words about one identifier as a problem of its own; names are compared without case.
    pub fn about(&self, identifier: &str) -> Option<Problem> {
        let names =
            |sub: &&Subproblem| sub.identifier.as_ref().is_some_and(|i| i.eq_ignore_ascii_case(identifier));
        let sub = self.subproblems.iter().find(names)?;
        let (r#type, detail) = (sub.r#type.clone(), sub.detail.clone());
        Some(Problem { r#type, detail, subproblems: Vec::new(), ..self.clone() })
    }
}

impl Subproblem {
    /// The type without its namespace.
    pub fn kind(&self) -> &str {
        kind(&self.r#type)
    }
}

fn kind(urn: &str) -> &str {
    urn.rsplit(':').next().unwrap_or_default()
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.r#type.as_str(), self.detail.as_str()) {
            ("", text) | (text, "") => f.write_str(text),
            (kind, detail) => write!(f, "{kind}: {detail}"),
        }
    }
}
