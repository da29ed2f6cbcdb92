//! The certificates that this host's own servers give for a lineage's names.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Lineage, Process, Version};

/// What came for the names of a lineage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Each name for which a certificate came.
    pub given: Vec<Given>,
    /// It was looked at right after a renewal and its hooks, for as long as a server takes to load anew.
    pub after_renewal: bool,
}

/// What came for one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The name that was asked for.
    pub name: String,
    /// Where.
    pub address: SocketAddr,
    /// The certificate's serial number in lower-case hex.
    pub serial: String,
    /// Its end.
    pub not_after: Timestamp,
    /// Who listens there, as far as this process may see it.
    pub process: Option<Process>,
}

impl Lineage {
    /// The names for which an older certificate of this lineage is still given, and its version.
    ///
    /// # Errors
    /// The certificate or the archive could not be read.
    pub fn served_older(&self) -> Fact<Vec<(&Given, &Version)>> {
        let live = &self.cert.as_ref().map_err(Clone::clone)?.serial;
        let archive = self.archive.as_ref().map_err(Clone::clone)?;
        let of = |serial: &str| {
            let has =
                |version: &&Version| version.issued.as_ref().is_some_and(|issued| issued.serial == serial);
            archive.versions.iter().find(has)
        };
        let given = self.served.iter().flat_map(|served| &served.given);
        Ok(given
            .filter(|given| given.serial != *live)
            .filter_map(|given| Some((given, of(&given.serial)?)))
            .collect())
    }

    /// Whether the certificate that is live is given for a name.
    pub fn is_served(&self) -> bool {
        let given = || self.served.iter().flat_map(|served| &served.given);
        self.cert.as_ref().is_ok_and(|cert| given().any(|given| given.serial == cert.serial))
    }
}
