//! Taking back what a run that was killed had published: as the lineage's conf is now, whatever the journal says.

use super::Solvers;
use super::journal::Published;
use super::manual;
use crate::facts::Lineage;
use crate::hooks::Cut;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is taken back, with what is to be known.
    Done(Option<String>),
    /// It is not, and no later run can do it either.
    Refused(String),
    /// A later run may.
    Later(String),
}

impl Solvers<'_> {
    /// Removes a record that an earlier run had made for a lineage.
    pub async fn remove_left(&self, lineage: &Lineage, published: &Published) -> Settled {
        let Published::Record { server, credentials, zone, name, text } = published else {
            return Settled::Refused("it is no record".into());
        };
        if lineage.authenticator() != Some("dns-rfc2136") {
            return Settled::Refused("its conf names another authenticator by now".into());
        }
        if self.credentials(lineage) != Some(credentials) {
            return Settled::Refused(format!("its conf does not name {}", credentials.display()));
        }
        let zones = match self.rfc2136(lineage) {
            Ok(zones) if zones.server() == *server => zones,
            Ok(zones) => return Settled::Refused(format!("updates go to {} by now", zones.server())),
            Err(why) => return Settled::Later(why),
        };
        match zones.remove_left(zone, name, text).await {
            Ok(()) => Settled::Done(None),
            Err(why) => Settled::Later(why),
        }
    }

    /// Runs the cleanup hook that an earlier run did not come to.
    pub fn clean_up_left(&self, lineage: &Lineage, published: &Published, cut: &Cut) -> Settled {
        let Published::Hook { variables } = published else {
            return Settled::Refused("no hook has made it".into());
        };
        if lineage.authenticator() != Some("manual") {
            return Settled::Refused("its conf names another authenticator by now".into());
        }
        let Some(command) = self.cleanup(lineage) else {
            return Settled::Refused("its conf names no manual_cleanup_hook".into());
        };
        if self.no_hooks() {
            return Settled::Later("--no-hooks forbids its manual_cleanup_hook".into());
        }
        Settled::Done(manual::clean_up(&command, variables, cut))
    }
}
