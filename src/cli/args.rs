//! Flags and subcommands, named as certbot names them where it has them.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

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

/// The URL of a CA's directory, as far as it can be told before the CA is asked.
pub(super) fn directory(text: &str) -> Result<String, String> {
    let host = text.parse::<hyper::Uri>().ok().filter(|url| url.scheme_str() == Some("https"));
    match host.is_some_and(|url| url.host().is_some_and(|host| !host.is_empty())) {
        true => Ok(text.to_owned()),
        false => Err("it is a URL that begins with https://".to_owned()),
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge the renewal of every lineage, or of some
    Audit(AuditArgs),
    /// Publish the challenges of every lineage, or of some, and walk to them as the CA would
    DryRun(super::dry_run::DryRunArgs),
    /// Renew what is due, in place, so that certbot never notices
    Renew(super::renew::RenewArgs),
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

/// Arguments of the audit.
#[derive(Debug, Default, ClapArgs)]
pub struct AuditArgs {
    /// Only these lineages
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Judge facts printed by `acme-audit facts` instead of this host; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
}

/// What to do with the configuration file.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Tell everything that is wrong in the file
    Check {
        /// The file; /etc/acme-audit.yaml or that of --config by default
        file: Option<PathBuf>,
    },
    /// Print what holds, after the file and the flags, and where each value comes from
    Show,
    /// Print the file's JSON Schema, for editors
    Schema,
}

/// What to do with schedules.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Print when a calendar expression of systemd or a crontab's times come next
    Next(NextArgs),
}

/// Arguments of `schedule next`.
#[derive(Debug, ClapArgs)]
pub struct NextArgs {
    /// An expression of systemd.time(7), as in OnCalendar=
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true, required_unless_present = "cron")]
    pub calendar: Option<String>,
    /// The five time fields of a crontab's line, or a word such as @daily; as Debian's cron reads them
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true, conflicts_with = "calendar")]
    pub cron: Option<String>,
    /// Times after this one instead of now
    #[arg(long, value_name = "RFC3339")]
    pub from: Option<Timestamp>,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// The time zone of an expression that names none, instead of the host's
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
}

/// Flags that every subcommand takes.
#[derive(Debug, ClapArgs)]
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
    pub network: super::network::NetworkArgs,
    /// How to print the report [default: text]
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,
    /// Read settings and decisions about this host from FILE instead of /etc/acme-audit.yaml,
    /// which is not read with --root and --facts
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How many lineages to judge at once; the number of processors by default
    #[arg(long, global = true, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
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
