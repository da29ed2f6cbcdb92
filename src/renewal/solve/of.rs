//! Which lineage is answered for by what.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Mutex as Turn;

use super::journal::Journal;
use super::manual::Manual;
use super::propagation::Propagation;
use super::rfc2136::{Credentials, Rfc2136};
use super::{Solver, Way};
use crate::facts::{HostFacts, Lineage};
use crate::gather::fs::Root;
use crate::gather::net::dns::Zones;
use crate::hooks::{Cut, unmasked_hook};
use crate::renewal::stage::Options;

/// How long certbot's `dns-rfc2136` waits where nothing is said, and the least that servers are given here: they are asked meanwhile.
/// <https://certbot-dns-rfc2136.readthedocs.io/en/stable/#named-arguments>
const USUAL: Duration = Duration::from_secs(60);

/// Makes what answers for lineages.
pub struct Solvers<'a> {
    host: &'a HostFacts,
    root: &'a Root,
    zones: Option<Arc<Zones>>,
    no_hooks: bool,
    journal: Arc<Journal>,
    cut: Cut,
    turns: Arc<Turn<()>>,
}

impl<'a> Solvers<'a> {
    /// Of lineages of this host; `zones` are asked whether records are there, and `cut` ends hooks and updates.
    pub fn new(
        host: &'a HostFacts,
        root: &'a Root,
        zones: Option<Arc<Zones>>,
        options: &Options,
        cut: &Cut,
    ) -> Self {
        let journal = Arc::new(Journal::new(&options.state_dir, &options.config_dir));
        let (no_hooks, cut) = (options.no_hooks, cut.clone());
        Self { host, root, zones, no_hooks, journal, cut, turns: Arc::default() }
    }

    /// What answers for a lineage; `None` where files and listeners do.
    ///
    /// # Errors
    /// What its conf lacks, or its credentials.
    pub fn of(&self, lineage: &Lineage) -> Result<Option<Solver>, String> {
        let (way, propagation) = match lineage.authenticator() {
            Some("manual") => (self.manual(lineage)?, self.propagation(USUAL, Duration::ZERO)),
            Some("dns-rfc2136") => {
                let seconds = self.host.option(lineage, "dns_rfc2136_propagation_seconds");
                let said = seconds.and_then(|text| text.parse().ok()).map_or(USUAL, Duration::from_secs);
                let zone = Way::Rfc2136(Box::new(self.rfc2136(lineage)?));
                (zone, self.propagation(said.max(USUAL), said))
            }
            _ => return Ok(None),
        };
        Ok(Some(Solver { way, propagation, notes: Mutex::default() }))
    }

    fn manual(&self, lineage: &Lineage) -> Result<Way, String> {
        let auth = unmasked_hook(lineage, self.root, "manual_auth_hook")
            .ok_or("its conf names no manual_auth_hook, and nobody is here to do it by hand")?;
        if self.no_hooks {
            return Err("the hooks of manual publish its tokens, and --no-hooks forbids them".into());
        }
        let hooks = (auth, self.cleanup(lineage));
        let hooks = Manual::new(&lineage.name, hooks, self.journal.clone(), self.cut.clone());
        Ok(Way::Manual { hooks: Arc::new(hooks), turns: self.turns.clone(), turn: Mutex::default() })
    }

    /// Whether hooks are forbidden.
    pub(super) fn no_hooks(&self) -> bool {
        self.no_hooks
    }

    /// The cleanup hook that the conf has now.
    pub(super) fn cleanup(&self, lineage: &Lineage) -> Option<String> {
        unmasked_hook(lineage, self.root, "manual_cleanup_hook")
    }

    /// The file of credentials that the conf names now.
    pub(super) fn credentials<'l>(&'l self, lineage: &'l Lineage) -> Option<&'l Path> {
        self.host.option(lineage, "dns_rfc2136_credentials").map(Path::new)
    }

    /// The server of the lineage's credentials.
    pub(super) fn rfc2136(&self, lineage: &Lineage) -> Result<Rfc2136, String> {
        let path = self.credentials(lineage).ok_or("its conf names no dns_rfc2136_credentials")?;
        let credentials = (path.to_path_buf(), Credentials::read(self.root, path)?);
        Ok(Rfc2136::new(&lineage.name, credentials, self.journal.clone(), self.cut.clone()))
    }

    fn propagation(&self, within: Duration, blind: Duration) -> Propagation {
        Propagation { zones: self.zones.clone(), within, blind }
    }
}
