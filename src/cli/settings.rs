//! What holds for a run: the command line before the file, and the file before the defaults.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;

use super::global::{Color, Format, Global};
use crate::config::{Config, until};
use crate::error::Error;
use crate::facts::Terms;
use crate::gather::net::Options;

/// Everything that flags and the file can say.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub root: Option<PathBuf>,
    pub at: Option<Timestamp>,
    pub config_dir: PathBuf,
    pub work_dir: PathBuf,
    pub logs_dir: PathBuf,
    pub state_dir: PathBuf,
    pub format: Format,
    pub jobs: Option<std::num::NonZeroUsize>,
    pub quiet: bool,
    pub verbose: u8,
    pub color: Color,
    /// Where the forecast ends, as it was written: a span counts from the moment that is judged.
    pub until: Option<String>,
    /// How the network is asked; `None` where it is not.
    pub network: Option<Options>,
    pub config: Config,
}

impl Settings {
    /// Puts the flags over the file.
    ///
    /// # Errors
    /// `--until` is no day, time or span, or lies in the past.
    pub fn new(global: &Global, config: Config) -> Result<Self, Error> {
        if let Some(text) = &global.until {
            after(text, global.at.unwrap_or_else(Timestamp::now))?;
        }
        let dir = |flag: &Option<PathBuf>, file: &Option<PathBuf>, default: &str| {
            flag.clone().or(file.clone()).unwrap_or_else(|| Path::new(default).to_path_buf())
        };
        let quiet = global.quiet || config.quiet == Some(true);
        Ok(Self {
            root: global.root.clone(),
            at: global.at,
            config_dir: dir(&global.config_dir, &config.config_dir, "/etc/letsencrypt"),
            work_dir: dir(&global.work_dir, &config.work_dir, "/var/lib/letsencrypt"),
            logs_dir: dir(&global.logs_dir, &config.logs_dir, "/var/log/letsencrypt"),
            state_dir: global.state_dir.clone().or(config.state_dir.clone()).unwrap_or_else(state_dir),
            format: global.format.or(word(&config.format)).unwrap_or_default(),
            jobs: global.jobs.or(config.jobs),
            quiet,
            verbose: global.verbose.max(config.verbose.map_or(0, |n| u8::try_from(n).unwrap_or(u8::MAX))),
            color: global.color.or(word(&config.color)).unwrap_or_default(),
            until: global.until.clone().or(config.until.clone()),
            network: global.network.options(&config, global.root.is_some(), quiet)?,
            config,
        })
    }

    /// What the forecast is to hold to, for a host as of `now`.
    ///
    /// # Errors
    /// The end of the forecast is no day, time or span.
    pub fn terms(&self, now: Timestamp) -> Result<Terms, Error> {
        // A day of the file that is over ends no forecast: the default is back.
        let until =
            self.until.as_ref().map(|text| until::parse(text, now).map_err(|e| wrong(&e))).transpose()?;
        let private_addresses = self.network.as_ref().is_some_and(|network| network.allow_private);
        Ok(Terms { until: until.filter(|until| *until > now), private_addresses, ..self.config.terms() })
    }
}

/// Where state is kept: root's in /var/lib, a user's below the home.
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn state_dir() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/acme-audit");
    }
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || named("HOME").map(|home| home.join(".local/state"));
    named("XDG_STATE_HOME").or_else(home).unwrap_or_else(std::env::temp_dir).join("acme-audit")
}

/// Refuses an end of the forecast that is over already.
fn after(text: &str, now: Timestamp) -> Result<(), Error> {
    let until = until::parse(text, now).map_err(|e| wrong(&e))?;
    if until <= now {
        return Err(wrong(&format!("`{text}` is not after {}", now.strftime("%Y-%m-%d %H:%M UTC"))));
    }
    Ok(())
}

fn wrong(what: &str) -> Error {
    Error::new(format!("--until: {what}"))
        .hint("give 2029-01-01, 2029-01-01T00:00:00Z, or a span such as 18months")
}

/// A word of the file, which is one of the flag's own.
fn word<T: ValueEnum>(text: &Option<String>) -> Option<T> {
    T::from_str(text.as_deref()?, true).ok()
}
