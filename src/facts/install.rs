//! The certbots on the host, from package metadata: none is ever executed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fact;

/// One certbot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Install {
    /// How it came here.
    pub kind: InstallKind,
    /// The folder that holds its packages, or its program.
    pub path: String,
    /// Its version.
    pub version: Option<String>,
    /// The plugins it can load, by name.
    pub plugins: Fact<Plugins>,
    /// The DNS plugins among them, with what they stand on.
    #[serde(default)]
    pub dns_plugins: Vec<DnsPlugin>,
    /// When a package was put into its folders last, or taken out.
    #[serde(default)]
    pub changed: Option<Timestamp>,
}

/// A DNS plugin's package, and what it finds beside itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsPlugin {
    /// The plugin's name: `dns-cloudflare`.
    pub plugin: String,
    /// The version of its package.
    pub version: String,
    /// The file of its code.
    pub code: String,
    /// What its code imports, as it is loaded, and no folder that this Python searches has: `CloudFlare`.
    pub absent: Vec<String>,
    /// The oldest certbot that its metadata allows.
    pub needs_certbot: Option<String>,
    /// The versions of certbot and of the providers' libraries in those folders, several where there are several.
    pub beside: BTreeMap<String, Vec<String>>,
}

/// How a certbot was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstallKind {
    /// The distribution's package.
    Package,
    /// pip, system-wide or in a virtual environment.
    Pip,
    /// The snap.
    Snap,
}

impl InstallKind {
    /// The word people use.
    pub fn word(self) -> &'static str {
        match self {
            InstallKind::Package => "distribution package",
            InstallKind::Pip => "pip",
            InstallKind::Snap => "snap",
        }
    }
}

/// Plugin names such as `nginx` and `dns-cloudflare`, sorted.
pub type Plugins = Vec<String>;

impl Install {
    /// Major and minor version.
    pub fn release(&self) -> Option<(u32, u32)> {
        release(self.version.as_deref()?)
    }
}

/// Major and minor of a version such as `5.8.0` or `2.1.0-4`.
pub(crate) fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0)))
}
