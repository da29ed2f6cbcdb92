//! The sandbox host: a whole machine's certbot state, schedule and web server in a folder, healthy or broken on purpose.
//!
//! A host is written down in a manifest (see `manifest.rs` for the language). [`build`] turns one into files below an empty folder:
//! real certificates and keys, the tree certbot would have left, the files its package installs. `--root` then takes the folder
//! for a host. [`HOST`] is the demo's own manifest; the fixtures of the tests are others. Everything is dated relative to one
//! moment, keys are fresh in every build, and nothing outside the folder is read or written.
//!
//! Beside it, [`rehearse`] tries the dry run on a small [`network`] of its own.

mod accounts;
mod authorities;
mod conf;
mod edits;
mod error;
mod host;
mod lineages;
mod manifest;
mod mint;
pub mod network;
mod packages;
mod place;
mod rehearsal;
mod tree;
mod verbs;
mod words;

#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;

pub use error::Error;
pub use rehearsal::{Shown, rehearse};

/// The demo host: a Debian web server with healthy lineages and, for the rest, one fault each.
pub const HOST: &str = include_str!("host.txt");

/// Builds the host that `manifest` describes below `root`, as it looks at the moment `at`.
///
/// `root` is made if it is missing and must be empty. On an error it may be left half built.
pub fn build(manifest: &str, root: &Path, at: Timestamp) -> Result<(), Error> {
    // Parsed to the end before anything is written.
    let steps = manifest::parse(manifest)?;
    let mut host = host::Host::new(root, at)?;
    host.obey(&steps)
}
