//! `acme-audit.yaml`: what the user has decided about this host.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::error::Error;
use crate::fold::Folded;

/// Where the file is looked for when `--config` does not name one.
pub const DEFAULT_PATH: &str = "/etc/acme-audit.yaml";

/// The whole file; an absent one is the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Findings that the user knows and accepts.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
}

/// One accepted finding.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The check's id.
    pub id: String,
    /// Only where the finding touches this lineage, and no other.
    pub lineage: Option<String>,
    /// Why: it is printed.
    pub because: String,
    /// The last day, in UTC, on which it is ignored.
    pub until: Option<Date>,
}

impl Config {
    /// Reads the file that `--config` names, or the default one where it exists.
    ///
    /// # Errors
    /// The file cannot be read, is not YAML, or holds a key that is not known.
    pub fn load(named: Option<&Path>) -> Result<Self, Error> {
        let path = named.unwrap_or(Path::new(DEFAULT_PATH));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(e) => {
                return Err(Error::new(format!("cannot read {}: {e}", path.display()))
                    .hint("name another file with --config FILE"));
            }
        };
        Self::parse(&text).map_err(|what| {
            Error::new(format!("{}: {what}", path.display()))
                .hint("it knows `ignore: [{id, lineage, because, until}]`")
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        // Through Value first: a duplicate key is then an error instead of silently the last.
        let value: serde_yaml::Value = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
        if value.is_null() {
            return Ok(Self::default());
        }
        let config: Self = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
        match config.ignore.iter().find(|i| crate::checks::find(&i.id).is_none()) {
            Some(unknown) => Err(format!("ignore names `{}`, which is no check's id", unknown.id)),
            None => Ok(config),
        }
    }

    /// Why a finding is ignored, if it is.
    pub fn ignored(&self, folded: &Folded, now: Timestamp) -> Option<String> {
        let finding = &folded.cause.finding;
        let today = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        self.ignore
            .iter()
            .find(|i| {
                i.id == folded.cause.check.id
                    && i.until.is_none_or(|until| today <= until)
                    && i.lineage.as_ref().is_none_or(|name| finding.lineages.iter().all(|l| l == name))
            })
            .map(|i| i.because.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_key_is_refused() {
        assert!(Config::parse("ignore: []\nignore: []\n").is_err());
    }

    #[test]
    fn an_unknown_key_or_id_is_refused_by_name() {
        assert!(Config::parse("ignroe: []\n").unwrap_err().contains("ignroe"));
        assert!(Config::parse("ignore: [{id: no-such, because: x}]\n").unwrap_err().contains("no-such"));
    }

    #[test]
    fn an_empty_file_ignores_nothing() {
        assert!(Config::parse("# nothing yet\n").unwrap().ignore.is_empty());
    }
}
