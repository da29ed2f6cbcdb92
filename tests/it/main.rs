//! The integration tests, in one binary.

// A test that cannot go on panics.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod booted;
mod ca;
mod challenge;
mod cli;
mod config;
mod configobj_oracle;
mod contrib;
mod cron_daemon;
mod cron_oracle;
mod demo;
mod dry_run;
mod hostile;
mod hosts;
mod http01;
mod install;
mod lab;
mod live_schedule;
mod namespaces;
mod net;
mod oncalendar_oracle;
mod orders;
mod peers;
mod program;
mod real_certbot;
mod renew;
mod renew_dns;
mod schedule;
mod secrets;
mod walk;
