//! The client's side of ACME (RFC 8555): certbot's accounts and keys, signed requests, and the way to a server.

mod connect;
mod directory;
mod jws;
mod key;
mod proxy;
mod transport;

pub use directory::directory;
pub use jws::signed;
pub use key::AccountKey;
pub use transport::{Reply, Transport};
