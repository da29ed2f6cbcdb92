//! What parent and child say to each other: one JSON value a line.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The parent's word.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Answer for this token, from now on.
    Plant {
        /// As in the challenge.
        token: String,
        /// The body of the answer.
        key_authorization: String,
    },
    /// Answer for it no longer.
    Remove {
        /// As in the challenge.
        token: String,
    },
    /// Accept no more, finish what is being answered, and end.
    End,
}

/// The child's word.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// It has the sockets and serves, as this user.
    Ready {
        /// The user's number.
        user: u32,
    },
    /// It cannot serve, and ends.
    Failed(String),
    /// An order is carried out; orders are answered one by one, in turn.
    Done,
    /// Somebody asked for a token.
    Asked(Asked),
}

/// A request for a token.
///
/// The header fields are what the peer sent: of any content, but without control characters and cut after 256 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The token of the path.
    pub token: String,
    /// Whether the token was known, and so answered with 200.
    pub answered: bool,
    /// When the request was complete.
    pub at: Timestamp,
    /// Who sent it; a server in front of us where there is one, `None` on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The Host field.
    pub host: Option<String>,
    /// The User-Agent field.
    pub user_agent: Option<String>,
    /// The X-Forwarded-For field, by which a server in front of us may tell who asked it.
    pub forwarded_for: Option<String>,
}
