//! What the network showed of a lineage's names, each observation with the place it was made from.

mod ca;
mod caa;
mod dns;
mod fault;
mod miss;
mod presented;
mod problem;
mod quoted;
mod resolved;
mod signatures;
mod trouble;
mod walk;

pub use ca::{AccountSeen, AccountState, Ari, CaFault, CaSeen, Directory};
pub use caa::{Caa, CaaRecord, CaaStep};
pub use dns::{Challenge, Direct, Dns, Extended, Failure, FailureKind, NameServer, Outcome, Sibling, Zone};
pub use fault::Fault;
pub use miss::{Miss, miss};
pub use presented::Presented;
pub use problem::no_such_name;
pub use quoted::quoted;
pub use resolved::Resolved;
pub use signatures::{Bogus, Flaw, Signatures};
pub use trouble::{Trouble, Way, trouble};
pub use walk::{Hop, NO_ROUTE, Walk};

use serde::{Deserialize, Serialize};

use super::Fact;

/// What the network showed of one identifier of a lineage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NameSeen {
    /// The identifier as the certificate has it, `*.` and all.
    pub identifier: String,
    /// Its addresses, aliases and zone.
    pub dns: Fact<Dns>,
    /// Who may issue for it.
    pub caa: Fact<Caa>,
    /// The way of an HTTP-01 validation; `None` where the lineage is validated otherwise.
    pub walk: Option<Fact<Walk>>,
}
