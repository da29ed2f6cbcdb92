//! `acme-audit.yaml`: what the user has decided about this host.
//!
//! The document is walked once with its lines and columns, so that every fault is told with its place; then serde_yaml
//! reads it.

mod fallback;
mod ignore;
mod node;
mod schema;
mod several;
mod shape;
mod suggest;
pub mod until;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use fallback::Fallback;
pub use ignore::Ignore;
pub use schema::schema;
pub use several::Several;

use self::node::Place;
use crate::check::Severity;
use crate::error::Error;
use crate::facts::Terms;

/// Where the file is looked for when `--config` does not name one.
pub const DEFAULT_PATH: &str = "/etc/acme-audit.yaml";
/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The whole file; an absent one is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[allow(missing_docs)]
pub struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_private_addresses: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<std::num::NonZeroUsize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbose: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_attempts: Option<u32>,
    /// CAs that are asked where a lineage's own gives no certificate, in this order.
    #[serde(skip_serializing_if = "Several::is_empty")]
    pub fallback: Several<Fallback>,
    /// What holds for single lineages.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lineages: BTreeMap<String, OfLineage>,
    /// Findings that the user knows and accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<Ignore>,
    /// The line of each top-level key, for `config show`.
    #[serde(skip)]
    pub lines: BTreeMap<String, usize>,
}

/// What holds for one lineage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OfLineage {
    /// How many attempts must fit before its certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_attempts: Option<u32>,
    /// The loudest that a finding about it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Severity>,
    /// Why it may not be louder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Findings about it that are accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<IgnoreOfLineage>,
}

/// One accepted finding about a lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IgnoreOfLineage {
    /// The check's id.
    pub id: String,
    /// Why: it is printed.
    pub because: String,
    /// The last day, in UTC, on which it is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// Something wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    place: Place,
    what: String,
    hint: String,
}

impl Fault {
    fn new(place: Place, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place, what: what.into(), hint: hint.into() }
    }
}

impl Config {
    /// Reads the file that `--config` names, or the default one where it exists.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong: every fault with `file:line:column`.
    pub fn load(named: Option<&Path>) -> Result<Self, Error> {
        let path = named.unwrap_or(Path::new(DEFAULT_PATH));
        let shown = path.display();
        let meta = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(e) => return Err(Error::new(format!("cannot read {shown}: {e}")).hint(ANOTHER)),
        };
        // Looked at before it is opened: a FIFO would wait for a writer for ever.
        if !meta.is_file() {
            return Err(Error::new(format!("{shown} is no regular file")).hint(ANOTHER));
        }
        if meta.len() > MAX_FILE {
            let what = format!("{shown} has {} bytes, more than the {MAX_FILE} that are read", meta.len());
            return Err(Error::new(what).hint(ANOTHER));
        }
        let bytes =
            std::fs::read(path).map_err(|e| Error::new(format!("cannot read {shown}: {e}")).hint(ANOTHER))?;
        Self::parse(&bytes).map_err(|faults| {
            let told = faults.into_iter().map(|fault| {
                let Place { line, column } = fault.place;
                Error::new(format!("{shown}:{line}:{column}: {}", fault.what)).hint(fault.hint)
            });
            Error::all(told)
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            vec![Fault::new(Place { line, column }, "a byte that is no UTF-8", "save the file as UTF-8")]
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (node, mut faults) = node::read(text)?;
        let Some(node) = node.filter(|node| !node.is_null()) else { return Ok(Self::default()) };
        faults.extend(verify::verify(&node, shape::FILE));
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.place);
            return Err(faults);
        }
        let mut config: Self = serde_yaml::from_str(text).map_err(|e| {
            let place = e.location().map(|at| Place { line: at.line(), column: at.column() });
            let hint = "`acme-audit config schema` tells what the file may hold";
            vec![Fault::new(place.unwrap_or(Place { line: 1, column: 1 }), e.to_string(), hint)]
        })?;
        if let node::Value::Map(entries) = &node.value {
            config.lines = entries.iter().map(|(key, _)| (key.text.clone(), key.place.line)).collect();
        }
        Ok(config)
    }

    /// What the forecast is to hold to, but for its end.
    pub fn terms(&self) -> Terms {
        let of = self.lineages.iter().filter_map(|(name, of)| Some((name.clone(), of.min_attempts?)));
        let default = Terms::default();
        Terms {
            min_attempts: self.min_attempts.unwrap_or(default.min_attempts),
            min_attempts_of: of.collect(),
            ..default
        }
    }
}

const ANOTHER: &str = "name another file with --config FILE";

#[cfg(test)]
mod tests {
    use super::*;

    /// `line:column: what; hint` of each fault.
    fn faults(text: &str) -> Vec<String> {
        let faults = Config::parse(text.as_bytes()).unwrap_err();
        faults
            .iter()
            .map(|f| format!("{}:{}: {}; {}", f.place.line, f.place.column, f.what, f.hint))
            .collect()
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place_and_the_nearest_one() {
        assert_eq!(faults("jobs: 2\nignroe: []\n"), ["2:1: `ignroe` is no key here; did you mean `ignore`?"]);
        assert_eq!(
            faults("ignore:\n  - id: autorenew-false\n    becuase: x\n    because: y\n"),
            ["3:5: `becuase` is no key here; did you mean `because`?"]
        );
        assert!(faults("root: /x\n")[0].contains("given on the command line only"));
        assert!(faults("config_dir: /x\n")[0].contains("did you mean `config-dir`?"));
    }

    #[test]
    fn a_key_that_stands_twice_is_told_at_its_second_place() {
        assert_eq!(
            faults("ignore: []\njobs: 1\nignore: []\n"),
            ["3:1: `ignore` stands here a second time; it stands in line 1 already; keep one of the two"]
        );
        assert!(
            faults("lineages: {a: {min-attempts: 1, min-attempts: 2}}\n")[0]
                .starts_with("1:33: `min-attempts`")
        );
    }

    #[test]
    fn wrong_types_and_values_are_told_all_at_once() {
        let text = "jobs: zero\nquiet: yes\ncolor: alwyas\nuntil: soon\nignore:\n  - id: no-such\n    because: \"\"\n    until: 31.3.2027\n\
                    lineages: [x]\nconfig-dir: etc\nmin-attempts: 0\n";
        assert_eq!(
            faults(text),
            [
                "1:7: `zero` is not a whole number, at least 1; write the digits alone, without quotes",
                "2:8: `yes` is not true or false; write true or false, without quotes",
                "3:8: `alwyas` is not one of auto, always, never; did you mean `always`?",
                "4:8: `soon` is neither a day, nor a time, nor a span; write 2029-01-01, 2029-01-01T00:00:00Z, or a span such as 18months",
                "6:9: no check is named `no-such`; `acme-audit explain` lists them",
                "7:14: an empty text; write a text",
                "8:12: `31.3.2027` is not a day; write it as 2027-03-31",
                "9:11: a list stands here; write names of lineages with what holds for them",
                "10:13: `etc` is not a folder's path; write it from the root: /etc/letsencrypt",
                "11:15: 0 is less than 1; write a whole number, at least 1",
            ]
        );
        assert!(
            faults("ignore: [{id: autorenew-flase, because: x}]\n")[0]
                .ends_with("did you mean `autorenew-false`?")
        );
        assert!(faults("ignore: [{id: autorenew-false}]\n")[0].contains("`because` is missing"));
        assert!(
            faults("ignore: [{id: autorenew-false, because: 12}]\n")[0].contains("put it in quotes: \"12\"")
        );
    }

    #[test]
    fn a_fallback_is_a_directory_and_its_key_stands_in_a_file() {
        let text =
            "fallback:\n  server: http://b.test/dir\n  eab-hmac-key-file: eab.key\n  eab-hmac-key: secret\n";
        assert_eq!(
            faults(text),
            [
                "2:11: `http://b.test/dir` is not a URL; it begins with https://",
                "3:22: `eab.key` is not a file's path; write it from the root: /etc/acme-audit/eab.key",
                "4:3: `eab-hmac-key` is no key here; the keys here are server, email, eab-kid, eab-hmac-key-file",
            ]
        );
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        assert!(faults("jobs: [1\nx: y\n")[0].starts_with("2:"), "{:?}", faults("jobs: [1\nx: y\n"));
        assert!(faults("a:\n\tb: 1\n")[0].starts_with("2:"));
        assert!(faults("jobs: &x 1\nverbose: *x\n")[0].starts_with("2:10: an alias"));
        assert!(faults("jobs: 1\n---\njobs: 2\n")[0].contains("a second document"));
        assert_eq!(faults(&"[".repeat(10_000)).len(), 1);
        assert!(faults(&"- ".repeat(100))[0].contains("too deep"));
        let faults = Config::parse(b"jobs: 1\ncolor: \xff\n").unwrap_err();
        assert_eq!(faults[0].place, Place { line: 2, column: 8 });
    }

    #[test]
    fn everything_can_be_said() {
        let text = "config-dir: /srv/le\noffline: true\nformat: json\njobs: 2\nquiet: false\nverbose: 1\ncolor: never\nuntil: 2y\n\
                    min-attempts: 5\nlineages:\n  a.example:\n    min-attempts: 1\n    at-most: note\n    because: a toy\n    ignore:\n\
                    \x20     - {id: autorenew-false, because: it closes, until: 2027-03-31}\nignore:\n  - {id: must-staple, lineage: [b, c], because: x}\n";
        let config = Config::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(config.terms().enough_for("a.example"), 1);
        assert_eq!(config.terms().enough_for("b.example"), 5);
        assert_eq!(config.ignored().count(), 2);
        let two = "fallback:\n  - {server: 'https://b.test/dir', email: a@b.test}\n  - server: https://c.test/dir\n    eab-kid: k\n    eab-hmac-key-file: /k\n";
        let fallback = Config::parse(two.as_bytes()).unwrap_or_else(|e| panic!("{e:?}")).fallback;
        assert_eq!(fallback.all()[1].eab_kid.as_deref(), Some("k"));
        let one =
            Config::parse(b"fallback: {server: 'https://b.test/dir'}\n").unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(one.fallback.all().len(), 1);
        assert_eq!(config.lines.get("min-attempts"), Some(&9));
    }

    #[test]
    fn an_empty_file_decides_nothing() {
        for text in ["", "# nothing yet\n", "---\n", "\u{feff}jobs: 1\n"] {
            assert!(Config::parse(text.as_bytes()).is_ok_and(|config| config.ignore.is_empty()), "{text}");
        }
    }
}
