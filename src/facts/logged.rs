//! What certbot's own log tells of attempts that failed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Attempt, Fact, HostFacts, Lineage};

/// Let's Encrypt dates a certificate back by an hour, so one from up to an hour before a failure may have come after it.
/// <https://github.com/letsencrypt/boulder/blob/main/test/config/ca.json>
const DATED_BACK: SignedDuration = SignedDuration::from_hours(1);

/// The last attempt to renew a lineage, where it failed and no rehearsal has succeeded since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// The lineage.
    pub lineage: String,
    /// When it failed.
    pub at: Timestamp,
    /// `file:line`; the file alone where only its end was read.
    pub place: String,
    /// certbot's last word on it, secrets masked.
    pub error: String,
    /// The Python class of the error: `certbot.errors.PluginError`.
    pub exception: Option<String>,
    /// The file of the code that raised it.
    pub raised_in: Option<String>,
    /// The seconds that a DNS plugin waited after it had written its records.
    pub waited: Option<u32>,
    /// What the CA said of each name.
    pub attempts: Vec<Attempt>,
}

impl Logged {
    /// Whether it has happened, and nothing was issued since, the newest certificate being of that moment.
    pub fn stands(&self, issued: Option<Timestamp>, now: Timestamp) -> bool {
        let later = |from: Timestamp| from.saturating_add(DATED_BACK).is_ok_and(|by| by >= self.at);
        self.at <= now && !issued.is_some_and(later)
    }
}

impl HostFacts {
    /// The last attempt to renew a lineage, where certbot's log says that it failed and nothing has been issued since.
    ///
    /// # Errors
    /// The log could not be read.
    pub fn failed<'a>(&'a self, lineage: &Lineage) -> Fact<Option<&'a Logged>> {
        let logged = self.logged.as_ref().map_err(Clone::clone)?;
        let versions = lineage.archive.iter().flat_map(|archive| &archive.versions);
        let issued = versions.filter_map(|version| Some(version.issued.as_ref()?.not_before));
        let issued = issued.chain(lineage.cert.iter().map(|cert| cert.not_before)).max();
        // They are sorted by lineage.
        let at = logged.binary_search_by(|failure| failure.lineage.as_str().cmp(&lineage.name)).ok();
        Ok(at.and_then(|at| logged.get(at)).filter(|failure| failure.stands(issued, self.now)))
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{days, denied, failed, host, lineage, lives};
    use crate::facts::Role;

    #[test]
    fn a_failure_stands_until_something_is_issued() {
        let failed_on = |day| failed(day, "Some challenges have failed.", &[]);
        let mut lineage = lineage();
        assert!(failed_on(-1).failed(&lineage).unwrap().is_some());
        assert!(failed_on(-31).failed(&lineage).unwrap().is_none(), "the certificate is thirty days old");
        assert!(failed_on(-30).failed(&lineage).unwrap().is_none(), "and it is dated back by an hour");
        assert!(failed_on(1).failed(&lineage).unwrap().is_none(), "it has not happened yet");
        lives(&mut lineage, 0, 90);
        assert!(failed_on(-1).failed(&lineage).unwrap().is_none());
    }

    #[test]
    fn another_lineages_failure_and_a_log_that_cannot_be_read() {
        let mut lineage = lineage();
        lineage.name = "other.example".into();
        let mut host = failed(-1, "x", &[]);
        assert!(host.failed(&lineage).unwrap().is_none());
        host.logged = denied(Role::Other);
        assert!(host.failed(&lineage).is_err());
        assert!(super::super::HostFacts { now: days(0), ..self::host() }.failed(&lineage).unwrap().is_none());
    }
}
