//! What holds for a run: the command line before the file, and the file before the defaults.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;

use super::args::{Color, Format, Global};
use crate::config::{Config, until};
use crate::error::Error;
use crate::facts::Terms;

/// Everything that flags and the file can say.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub root: Option<PathBuf>,
    pub at: Option<Timestamp>,
    pub config_dir: PathBuf,
    pub work_dir: PathBuf,
    pub logs_dir: PathBuf,
    pub format: Format,
    pub jobs: Option<std::num::NonZeroUsize>,
    pub quiet: bool,
    pub verbose: u8,
    pub color: Color,
    pub terms: Terms,
    pub config: Config,
}

impl Settings {
    /// Puts the flags over the file.
    ///
    /// # Errors
    /// `--until` is no day, time or span.
    pub fn new(global: &Global, config: Config) -> Result<Self, Error> {
        let now = global.at.unwrap_or_else(Timestamp::now);
        let until = match global.until.as_ref().or(config.until.as_ref()) {
            Some(text) => Some(until::parse(text, now).map_err(|what| {
                Error::new(format!("--until: {what}"))
                    .hint("give 2029-01-01, 2029-01-01T00:00:00Z, or a span such as 18months")
            })?),
            None => None,
        };
        let dir = |flag: &Option<PathBuf>, file: &Option<PathBuf>, default: &str| {
            flag.clone().or(file.clone()).unwrap_or_else(|| Path::new(default).to_path_buf())
        };
        Ok(Self {
            root: global.root.clone(),
            at: global.at,
            config_dir: dir(&global.config_dir, &config.config_dir, "/etc/letsencrypt"),
            work_dir: dir(&global.work_dir, &config.work_dir, "/var/lib/letsencrypt"),
            logs_dir: dir(&global.logs_dir, &config.logs_dir, "/var/log/letsencrypt"),
            format: global.format.or(word(&config.format)).unwrap_or_default(),
            jobs: global.jobs.or(config.jobs),
            quiet: global.quiet || config.quiet == Some(true),
            verbose: global.verbose.max(config.verbose.and_then(|n| u8::try_from(n).ok()).unwrap_or(0)),
            color: global.color.or(word(&config.color)).unwrap_or_default(),
            terms: Terms { until, ..config.terms() },
            config,
        })
    }
}

/// A word of the file, which is one of the flag's own.
fn word<T: ValueEnum>(text: &Option<String>) -> Option<T> {
    T::from_str(text.as_deref()?, true).ok()
}
