//! The dry run against real servers: what it publishes, what it says, and what it leaves behind.

mod beside_certbot;
mod cas;
mod pebble;
mod snippets;
mod ways;
