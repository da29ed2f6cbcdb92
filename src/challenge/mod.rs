//! HTTP-01 (RFC 8555, section 8.3): the ways to publish a token's key authorization, and to take it back.

pub mod journal;
pub mod webroot;
