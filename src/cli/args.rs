//! The subcommands, named as certbot names them where it has them.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::audit::AuditArgs;
use super::config::ConfigCommand;
use super::dry_run::DryRunArgs;
use super::global::Global;
use super::renew::RenewArgs;
use super::schedule::ScheduleCommand;

/// Tells you why your next Let's Encrypt renewal would fail, weeks before it does.
#[derive(Debug, Parser)]
#[command(name = "acme-audit", version, about, long_about = None, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Args {
    /// Flags that every subcommand takes.
    #[command(flatten)]
    pub global: Global,
    /// The subcommand; the audit of everything where there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 every lineage renews, 1 one may fail, 2 one will fail or has failed, \
3 something that decides could not be read, or bad usage.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge the renewal of every lineage, or of some
    Audit(AuditArgs),
    /// Publish the challenges of every lineage, or of some, and walk to them as the CA would
    DryRun(DryRunArgs),
    /// Renew what is due, in place, so that certbot never notices
    Renew(RenewArgs),
    /// Print one check's documentation, or the list of checks
    Explain {
        /// The id of a check
        id: Option<String>,
        /// Print all of it as Markdown
        #[arg(long, conflicts_with = "id")]
        markdown: bool,
    },
    /// Print the facts as JSON Lines: for a bug report, or for `audit --facts FILE`
    Facts,
    /// Print every trigger found, whether it is effective, and when it runs next
    Schedule {
        /// What to do instead
        #[command(subcommand)]
        command: Option<ScheduleCommand>,
    },
    /// Check the configuration file, or print what holds
    Config {
        /// What to do
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Build a sandbox host with broken and healthy lineages and audit it; needs neither root nor network
    Demo {
        /// Build the sandbox in DIR, which must be empty or absent, and keep it
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
    },
    /// Answer for challenges on the sockets that another run of the program passes
    #[command(hide = true)]
    Responder,
}
