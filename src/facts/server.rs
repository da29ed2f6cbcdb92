//! Which certificate files the servers' configurations name.

use serde::{Deserialize, Serialize};

/// The server programs whose configuration was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ServerKind {
    Nginx,
    Apache,
    Haproxy,
    Postfix,
    Dovecot,
    Exim,
    Caddy,
    Lighttpd,
    Other,
}

impl ServerKind {
    /// The program's name.
    pub fn word(self) -> &'static str {
        match self {
            ServerKind::Nginx => "nginx",
            ServerKind::Apache => "apache",
            ServerKind::Haproxy => "haproxy",
            ServerKind::Postfix => "postfix",
            ServerKind::Dovecot => "dovecot",
            ServerKind::Exim => "exim",
            ServerKind::Caddy => "caddy",
            ServerKind::Lighttpd => "lighttpd",
            ServerKind::Other => "a server",
        }
    }
}

/// One line of a server's configuration that names a certificate or key file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertRef {
    /// Whose configuration.
    pub server: ServerKind,
    /// `file:line`.
    pub r#where: String,
    /// The directive, such as `ssl_certificate`.
    pub directive: String,
    /// The path as written.
    pub path: String,
    /// The first path below certbot's folders that the written path leads to: itself, or what a link elsewhere says.
    #[serde(default)]
    pub via: Option<String>,
    /// The path after its links were followed, where it exists.
    pub resolved: Option<String>,
    /// The lineage below `live/` or `archive/` that it belongs to.
    pub lineage: Option<String>,
}

impl CertRef {
    /// The path that counts for certbot: below its folders where the written one leads there.
    pub fn meant(&self) -> &str {
        self.via.as_deref().unwrap_or(&self.path)
    }
}

/// A line that, by a plain reading, may keep challenges from being answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// The check whose fault it would explain.
    pub id: String,
    /// `file:line`.
    pub r#where: String,
    /// The line, secrets masked.
    pub text: String,
}

/// A line that says where a server listens: `listen`, `Listen`, `<VirtualHost …>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    /// Whose configuration.
    pub server: ServerKind,
    /// `file:line`.
    pub r#where: String,
    /// The directive, in lower case.
    pub directive: String,
    /// Its words, one or more addresses.
    pub addresses: Vec<String>,
}

/// What a server said of its configuration when it was asked to test it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigTest {
    /// Which server.
    pub server: ServerKind,
    /// What was run.
    pub command: String,
    /// The lines of its complaint, secrets masked; none where it is content.
    pub said: super::Fact<Vec<String>>,
}

/// What the servers' configurations say.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Servers {
    /// Every certificate or key line found.
    pub refs: Vec<CertRef>,
    /// Document roots found (`root`, `alias`, `DocumentRoot`): path and `file:line`.
    pub roots: Vec<(String, String)>,
    /// Lines that may keep challenges from being answered.
    #[serde(default)]
    pub suspects: Vec<Suspect>,
    /// Rules that let only some visitors in to sites on port 80.
    #[serde(default)]
    pub filters: Vec<super::Filter>,
    /// Lines that say where a server listens.
    #[serde(default)]
    pub listens: Vec<Listen>,
    /// What the servers said of their configurations, where they were asked.
    #[serde(default)]
    pub tests: Vec<ConfigTest>,
    /// Configuration files that could not be read.
    pub unread: Vec<super::Missing>,
    /// Indices into `refs` by lineage; rebuilt after loading.
    #[serde(skip)]
    pub(crate) by_lineage: std::collections::HashMap<String, Vec<usize>>,
    /// Some server was given a certificate of its own; Debian's self-signed placeholder is nobody's choice.
    #[serde(skip)]
    pub(crate) configured: bool,
}

/// How a lineage is used by the servers found.
#[derive(Clone, Debug)]
pub enum Usage<'a> {
    /// These lines name it.
    Named(Vec<&'a CertRef>),
    /// Servers are configured, and none names it.
    NotNamed,
    /// No server's configuration names any certificate: nothing can be said.
    NoServers,
}

impl Servers {
    /// Makes the look-up by lineage; call it after `refs` is complete.
    pub fn indexed(mut self) -> Self {
        self.by_lineage.clear();
        self.configured = self.refs.iter().any(|r| !r.path.contains("ssl-cert-snakeoil"));
        for (i, r) in self.refs.iter().enumerate() {
            if let Some(name) = &r.lineage {
                self.by_lineage.entry(name.clone()).or_default().push(i);
            }
        }
        self
    }

    /// How `lineage` is used.
    pub fn usage(&self, lineage: &str) -> Usage<'_> {
        match self.by_lineage.get(lineage) {
            Some(found) => Usage::Named(found.iter().filter_map(|i| self.refs.get(*i)).collect()),
            None if !self.configured => Usage::NoServers,
            None => Usage::NotNamed,
        }
    }
}
