//! Why the next Let's Encrypt renewal of this host would fail, weeks before it does.
//!
//! Data flows one way. [`gather`] looks at the host, read-only, and fills [`facts`]: plain data without I/O or key
//! material. [`forecast`](mod@forecast) computes when each lineage becomes due. [`checks`] are pure functions from
//! facts to findings, one file each, in the vocabulary of [`check`]. [`fold`](mod@fold) puts causes over their
//! consequences, and [`report`] prints what is left. [`audit`] is the thread through all of it: lineages are
//! streamed, judged and dropped, so that a hundred thousand of them fit in little memory. [`install`] is apart from it: it
//! puts a renewed certificate in the place of the old one.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic))]

pub mod configobj;
pub mod gather;

pub mod acme;
pub mod ca;
pub mod caa;
pub mod calendar;
pub mod challenge;
pub mod dns_plugins;
pub mod facts;
pub mod forecast;

pub mod check;
pub mod checks;
pub mod fold;
pub mod hooks;
pub mod index;
pub mod install;

pub mod audit;
pub mod config;
pub mod der;
pub mod rehearsal;
pub mod renewal;
pub mod report;
pub mod reserved;
pub mod shell;
pub mod state;

pub mod cli;
pub mod demo;
pub mod error;
