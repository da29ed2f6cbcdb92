//! Which findings the user has accepted, and how loud those of a lineage may be.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Config, Several};
use crate::check::{Finding, Severity};
use crate::fold::Raised;

/// One accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The check's id.
    pub id: String,
    /// Only for these lineages; empty for all.
    #[serde(default, skip_serializing_if = "Several::is_empty")]
    pub lineage: Several<String>,
    /// Why: it is printed.
    pub because: String,
    /// The last day, in UTC, on which it is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Ignore {
    /// Whether its last day is over.
    pub fn ended(&self, now: Timestamp) -> bool {
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        self.until.is_some_and(|until| today > until)
    }

    fn concerns(&self, lineage: Option<&str>) -> bool {
        let names = self.lineage.all();
        names.is_empty() || lineage.is_some_and(|lineage| names.iter().any(|name| name == lineage))
    }
}

/// Why lineages are ignored, how loud they may be and why, and which they are.
type Part = (Option<String>, Option<(Severity, String)>, Vec<String>);

impl Config {
    /// All that is ignored: the file's own list, and those of its lineages.
    pub fn ignored(&self) -> impl Iterator<Item = Ignore> {
        let of_lineages = self.lineages.iter().flat_map(|(name, lineage)| {
            lineage.ignore.iter().map(move |ignore| Ignore {
                id: ignore.id.clone(),
                lineage: Several::One(name.clone()),
                because: ignore.because.clone(),
                until: ignore.until,
            })
        });
        self.ignore.iter().cloned().chain(of_lineages)
    }

    /// Applies the user's decisions to what the checks have raised: a finding that touches several lineages is split
    /// where only some of them are meant.
    pub fn decide(&self, raised: Vec<Raised>, now: Timestamp) -> Vec<Raised> {
        let ignored: Vec<Ignore> = self.ignored().filter(|ignore| !ignore.ended(now)).collect();
        if ignored.is_empty() && self.lineages.values().all(|lineage| lineage.at_most.is_none()) {
            return raised;
        }
        raised.into_iter().flat_map(|raised| self.split(raised, &ignored)).collect()
    }

    fn split(&self, raised: Raised, ignored: &[Ignore]) -> Vec<Raised> {
        let because = |lineage: Option<&str>| {
            let matching = ignored.iter().find(|i| i.id == raised.check.id && i.concerns(lineage));
            matching.map(|ignore| ignore.because.clone())
        };
        let at_most = |name: &str| {
            let of = self.lineages.get(name)?;
            let because = of.because.clone().unwrap_or_else(|| "the configuration file says so".to_owned());
            Some((of.at_most?, because))
        };
        let lineages = &raised.finding.lineages;
        if lineages.is_empty() {
            return vec![Raised { ignored: because(None), ..raised }];
        }
        // Lineages for which the same was decided stay together.
        let mut parts: Vec<Part> = Vec::new();
        for name in lineages {
            let (why, most) = (because(Some(name)), at_most(name));
            match parts.iter_mut().find(|(a, b, _)| *a == why && *b == most) {
                Some((_, _, names)) => names.push(name.clone()),
                None => parts.push((why, most, vec![name.clone()])),
            }
        }
        let part = |(ignored, most, lineages): Part| {
            let mut finding = Finding { lineages, ..raised.finding.clone() };
            let mut severity = raised.severity;
            if let Some((most, because)) = most.filter(|(most, _)| *most < severity) {
                severity = most;
                finding = finding.lowered(most, because);
            }
            Raised { check: raised.check, severity, finding, ignored }
        };
        parts.into_iter().map(part).collect()
    }
}
