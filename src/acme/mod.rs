//! The client's side of ACME (RFC 8555): certbot's accounts and keys, signed requests, orders, and the way to a server.

mod account;
mod client;
mod connect;
mod csr;
mod directory;
mod jws;
mod key;
mod keyfile;
mod order;
mod proxy;
mod refusal;
mod seam;
mod transport;
mod witness;

pub use account::{Account, NewAccount};
pub use client::Client;
pub use csr::{KeyType, must_staple_extension, request};
pub use directory::directory;
pub use jws::{ExternalAccount, Signer, signed};
pub use key::{AccountKey, thumbprint};
pub use order::{Answer, Identified, Key, Method, Outcome, Publisher, Step, Wanted};
pub use refusal::{Refusal, patience, retry_after};
pub use transport::{Reply, Transport};
pub(crate) use witness::Witness;
pub use witness::{Chain, leads_to};
