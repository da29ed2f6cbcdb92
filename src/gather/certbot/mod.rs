//! certbot's state on disk: renewal confs, live links, archives, accounts, hooks and `cli.ini`.

mod accounts;
mod conf;
mod folders;
mod hooks;
mod ini;
mod lineage;
mod log;
mod paths;
mod properties;

pub use accounts::accounts;
pub use conf::{conf, settings};
pub use folders::{Folders, folders, orphans};
pub use hooks::hooks;
pub use ini::{cli_ini, unmasked};
pub use lineage::{Reader, lineage, name_of};
pub use log::failures;
pub use paths::{Programs, shut_by};
