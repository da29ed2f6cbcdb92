//! The CA's look at a challenge: from outside, through a name server of its own, by the product's one implementation of the walk.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::facts::Problem;
use crate::gather::net::dns::Resolver;
use crate::gather::net::http01::{Ask, Options, walk};

/// Where the CA looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validation {
    /// The name server that it asks.
    pub names: SocketAddr,
    /// The port of web servers.
    pub http_port: u16,
}

impl Validation {
    /// What is wrong with a challenge; `None` where it is fulfilled. <https://www.rfc-editor.org/rfc/rfc8555#section-8.3>
    pub async fn look(self, name: &str, token: &str, key_authorization: &str) -> Option<Problem> {
        let options = Options { http_port: self.http_port, allow_private: true, ..Options::default() };
        let ask = Ask { identifier: name, token, expected: Some(key_authorization), options: &options };
        // A resolver remembers answers, and a CA asks anew.
        walk(&ask, &Resolver::new(vec![self.names], Arc::default())).await.problem()
    }
}
