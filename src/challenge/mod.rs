//! HTTP-01 (RFC 8555, section 8.3): the ways to publish a token's key authorization, and to take it back. As a file below a
//! [`webroot`], noted in a [`journal`] first; or answered by ourselves.
//!
//! The [`Responder`] is a child process. The parent binds, which may take root, and passes the listening sockets to the
//! child over the socket pair that is the child's standard input. The child drops its privileges, answers for the
//! tokens that it is told of and for nothing else, and tells who asked. It ends with its standard input: a parent that
//! is killed leaves no port bound.
//!
//! The parts: [`listen`] makes sockets, [`Holder`]s tell who has a port that is taken, [`Responder`] is the parent's
//! side of the child, and [`child`] is the child itself, which answers as `answer` says. [`tls_alpn`] is the other challenge that a
//! port of our own answers.

mod address;
mod answer;
pub mod child;
mod gate;
mod holder;
pub mod journal;
pub mod listen;
mod message;
mod pass;
mod privileges;
mod responder;
mod server;
pub mod tls_alpn;
pub mod webroot;

pub use address::Address;
pub use answer::is_token;
pub use holder::Holder;
pub use listen::{Socket, Unbound};
pub use message::Asked;
pub use responder::{Error, Responder};

/// Below it the CA asks for tokens (<https://www.rfc-editor.org/rfc/rfc8555#section-8.3>).
pub const PREFIX: &str = "/.well-known/acme-challenge/";

/// What is behind a lock here is whole at all times, also after a panic.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
