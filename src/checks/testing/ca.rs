//! What a CA says when it is asked.

use super::{host, lineage};
use crate::facts::*;

/// The healthy lineage whose CA answers as it does here after a change.
pub fn ca_seen(change: impl Fn(&mut net::CaSeen)) -> Lineage {
    let account = |path: &str| net::AccountSeen { path: path.into(), state: net::AccountState::Valid };
    let mut lineage = lineage();
    let directory = net::Directory {
        new_nonce: "https://ca.example/nonce".into(),
        new_account: "https://ca.example/account".into(),
        new_order: None,
        renewal_info: None,
        terms: None,
        caa_identities: None,
        profiles: None,
        needs_eab: false,
    };
    let mut ca = net::CaSeen::of(crate::ca::LETS_ENCRYPT, Ok(directory));
    ca.accounts = host().accounts.iter().flatten().map(|found| account(&found.path)).collect();
    change(&mut ca);
    lineage.ca = Some(ca.into());
    lineage
}

/// The healthy lineage whose CA gives no directory.
pub fn ca_fails(fault: net::CaFault) -> Lineage {
    ca_seen(|ca| (ca.directory, ca.accounts) = (Err(fault.clone()), vec![]))
}

/// The healthy lineage whose CA says this of its account.
pub fn account_is(state: net::AccountState) -> Lineage {
    ca_seen(|ca| ca.accounts.iter_mut().for_each(|account| account.state = state.clone()))
}
