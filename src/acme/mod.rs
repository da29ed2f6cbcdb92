//! The client's side of ACME (RFC 8555): certbot's accounts and keys, signed requests, and the way to a server.

mod client;
mod connect;
mod directory;
mod jws;
mod key;
mod keyfile;
mod proxy;
mod refusal;
mod transport;

pub use client::Client;
pub use directory::directory;
pub use jws::Signer;
pub use key::AccountKey;
pub use refusal::Refusal;
pub use transport::{Reply, Transport};
