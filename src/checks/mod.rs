//! One fault, one file, one id. This is the registry: a new check is its file and two lines here.

mod autorenew_false;
mod certificate_expired;
mod live_not_symlink;
mod not_checkable;
mod plugin_not_installed;

#[cfg(test)]
mod registry;
#[cfg(test)]
mod testing;

use crate::check::Check;

pub use not_checkable::NOT_CHECKABLE;

/// Every check, in the order of certbot's own steps: state, configuration, schedule, account, deployment.
pub static CHECKS: &[&Check] = &[
    // State on disk.
    &live_not_symlink::CHECK,
    &certificate_expired::CHECK,
    // Configuration.
    &plugin_not_installed::CHECK,
    &autorenew_false::CHECK,
    // Schedule.
    // Accounts.
    // Hooks, servers and keys.
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}
