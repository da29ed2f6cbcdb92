//! How a run renews, and where it takes place.

use std::fs;
use std::path::PathBuf;

use crate::challenge::{Address, Socket};
use crate::config::Config;
use crate::gather::net::Net;
use crate::hooks::Cut;
use crate::install::Lock;
use crate::rehearsal::news::Hear;
use crate::state;

/// How it is renewed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of HTTP-01 validations.
    pub http_port: u16,
    /// The port of TLS-ALPN-01 validations.
    pub https_port: u16,
    /// Where web servers pass challenges to.
    pub respond_at: Address,
    /// Where journals, failures and debts are kept.
    pub state_dir: PathBuf,
    /// certbot's configuration folder.
    pub config_dir: PathBuf,
    /// Orders are placed at this directory instead of the one that each conf names.
    pub server: Option<String>,
    /// A new account may be made where certbot has none that the CA knows.
    pub agree_tos: bool,
    /// Where its CA may write to.
    pub email: Option<String>,
    /// Renew whatever is due or not.
    pub forced: bool,
    /// Run no hooks, and load no server anew.
    pub no_hooks: bool,
}

impl Options {
    /// For tests: certbot's folder and the state below one.
    #[cfg(test)]
    pub(super) fn below(dir: &std::path::Path) -> Self {
        Self {
            http_port: 80,
            https_port: 443,
            respond_at: "127.0.0.1:8402".parse().unwrap(),
            state_dir: dir.to_path_buf(),
            config_dir: dir.join("letsencrypt"),
            server: None,
            agree_tos: false,
            email: None,
            forced: false,
            no_hooks: false,
        }
    }

    /// The file of a note about a lineage: one of another configuration folder may have its name.
    pub(super) fn note(&self, folder: &str, lineage: &str) -> PathBuf {
        let config = fs::canonicalize(&self.config_dir).unwrap_or_else(|_| self.config_dir.clone());
        self.state_dir.join(folder).join(state::id(&config.to_string_lossy(), lineage))
    }
}

/// Where it takes place.
pub struct Stage<'a> {
    /// The network.
    pub net: &'a Net,
    /// How it is renewed.
    pub options: &'a Options,
    /// What the user has decided about this host.
    pub config: &'a Config,
    /// certbot's locks, which are held until the end.
    pub lock: &'a Lock,
    /// Sockets that systemd has bound for web servers to pass challenges to.
    pub inherited: Vec<Socket>,
    /// Who is told how it goes on.
    pub hear: Hear<'a>,
    /// What ends hooks before they do.
    pub cut: Cut,
}
