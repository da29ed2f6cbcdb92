//! Renewing what is proven by certbot's `manual` hooks and by dynamic updates: lineages of a real certbot, a real CA, and a zone with
//! two real name servers, of which the second is late.

mod holding;
mod left;
mod manual;
mod parts;
mod rfc2136;
mod world;
