//! Flags that every subcommand takes, named as certbot names them where it has them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::network::NetworkArgs;

/// Flags that every subcommand takes.
#[derive(Debug, Args)]
pub struct Global {
    /// Read the host below DIR: a container's image, a backup, a chroot
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// certbot's configuration directory [default: /etc/letsencrypt]
    #[arg(long, global = true, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
    /// certbot's working directory [default: /var/lib/letsencrypt]
    #[arg(long, global = true, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// certbot's log directory [default: /var/log/letsencrypt]
    #[arg(long, global = true, value_name = "DIR")]
    pub logs_dir: Option<PathBuf>,
    /// Where what must outlive a run is kept [default: /var/lib/acme-audit; of a user, ~/.local/state/acme-audit]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Judge as of this time, such as 2027-02-10T00:00:00Z
    #[arg(long, global = true, value_name = "RFC3339")]
    pub at: Option<Timestamp>,
    /// Forecast until this day, time or span, such as 2029-01-01 or 18months [default: 3y]
    #[arg(long, global = true, value_name = "WHEN")]
    pub until: Option<String>,
    /// What is asked of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// How to print the report [default: text]
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,
    /// Read settings and decisions about this host from FILE instead of /etc/acme-audit.yaml,
    /// which is not read with --root and --facts
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How many lineages to judge at once; the number of processors by default
    #[arg(long, global = true, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print the files that are read, on standard error; twice for every look-up
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print nothing when nothing is wrong, and no notes
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour [default: auto]
    #[arg(long, global = true, value_enum)]
    pub color: Option<Color>,
}

/// The report's format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// Schema acme-audit.report/1
    Json,
    /// A monitoring plugin's status line, performance data and long output
    Nagios,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Tells the output streams.
    pub fn write_global(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}
