//! One lineage: its renewal configuration, its four live links, its archive and what the files say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::net::{Ari, CaFault, CaSeen, NameSeen};
use super::{Cert, Conf, Fact, Issued, PrivateKey, Properties, Served, Setting, SignatureState};
use crate::check::Skip;
use crate::forecast::Forecast;

/// One lineage, as certbot names a certificate that is renewed under one name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lineage {
    /// The file name of the renewal configuration without `.conf`.
    pub name: String,
    /// Its renewal configuration.
    pub conf: Fact<Conf>,
    /// The four links in [`Kind::ALL`] order.
    pub live: [LiveLink; 4],
    /// The archive folder's versions.
    pub archive: Fact<Archive>,
    /// The certificate that `live` points at.
    pub cert: Fact<Cert>,
    /// The certificates of `chain.pem`.
    pub chain: Fact<Vec<Cert>>,
    /// Whether `fullchain.pem` is `cert.pem` followed by `chain.pem`.
    pub fullchain: Fact<bool>,
    /// The private key's public half.
    pub key: Fact<PrivateKey>,
    /// Whether the leaf was signed by the first certificate of the chain.
    pub signed: SignatureState,
    /// `previous_*.pem` links left by an interrupted update.
    pub previous_links: Vec<String>,
    /// What stands at each path that the conf names: values that begin with `/`, and the programs of hooks.
    pub paths: BTreeMap<String, PathState>,
    /// What its `pre_hook` does; `None` without one.
    #[serde(default)]
    pub pre_hook: Option<super::Acts>,
    /// What the credentials file of its DNS plugin holds, where that is one of certbot's own project.
    #[serde(default)]
    pub properties: Option<Fact<Properties>>,
    /// Where the key's mode lets everybody read it: the first folder on its way that keeps others out, if any.
    pub key_exposed: Option<Exposure>,
    /// What the network showed of its identifiers; `None` where it was not asked.
    #[serde(default)]
    pub seen: Option<Vec<NameSeen>>,
    /// What its CA said when it was asked; `None` where it was not.
    #[serde(default)]
    pub ca: Option<std::sync::Arc<CaSeen>>,
    /// When its CA wants the certificate to be renewed; `None` where it was not asked or has no such information.
    #[serde(default)]
    pub ari: Option<Result<Ari, CaFault>>,
    /// What this host's own servers give for its names; `None` where they were not asked.
    #[serde(default)]
    pub served: Option<Served>,
    /// Derived: when it becomes due, once the forecast has been made.
    #[serde(skip)]
    pub forecast: Option<Forecast>,
}

/// What stands at a path that a conf names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathState {
    /// A folder.
    Folder,
    /// A folder that not everybody may reach: the first folder on the way to it that others may not search.
    Shut(String),
    /// A file, and whether anybody may execute it.
    File {
        /// One of the three x bits is set.
        executable: bool,
        /// Everybody may read it.
        #[serde(default)]
        readable_by_all: bool,
    },
    /// Nothing, with the topmost folder on the way that does not exist; for a bare program name the name itself.
    Absent(String),
    /// It could not be looked at.
    Unknown(super::Missing),
}

/// Who could read a key whose own mode does not forbid it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Every folder on the way lets others pass.
    Open,
    /// This folder does not.
    ShutBy(String),
}

/// The four files of a lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `cert.pem`, the leaf alone.
    Cert,
    /// `privkey.pem`.
    Privkey,
    /// `chain.pem`, the intermediates.
    Chain,
    /// `fullchain.pem`, leaf and intermediates.
    Fullchain,
}

impl Kind {
    /// All four, in certbot's order (ALL_FOUR in its storage module).
    pub const ALL: [Kind; 4] = [Kind::Cert, Kind::Privkey, Kind::Chain, Kind::Fullchain];

    /// The word certbot uses in keys and file names.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Cert => "cert",
            Kind::Privkey => "privkey",
            Kind::Chain => "chain",
            Kind::Fullchain => "fullchain",
        }
    }

    /// Its place in [`Kind::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One of the four live paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LiveLink {
    /// Which of the four.
    pub kind: Kind,
    /// The path that the conf names, else `live/NAME/KIND.pem`.
    pub path: String,
    /// The conf's line that names it; `None` when the conf does not.
    pub line: Option<u32>,
    /// What is there.
    pub state: LinkState,
}

/// What stands at a live path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Nothing.
    Absent,
    /// Something that is not a symbolic link: `a regular file`, `a folder` …
    NotALink(String),
    /// A link: its text, the path it leads to, the version in the file name, and the target's mode and owner.
    Link {
        /// The link's text.
        text: String,
        /// The absolute path it names.
        target: String,
        /// N of `kindN.pem`.
        version: Option<u32>,
        /// Permission bits of the target, `None` when nothing is there.
        mode: Option<u32>,
    },
    /// It could not be looked at.
    Unknown(super::Missing),
}

impl LiveLink {
    /// The version it points at.
    pub fn version(&self) -> Option<u32> {
        match &self.state {
            LinkState::Link { version, .. } => *version,
            _ => None,
        }
    }

    /// The absolute path it leads to.
    pub fn target(&self) -> Option<&str> {
        match &self.state {
            LinkState::Link { target, .. } => Some(target),
            _ => None,
        }
    }
}

/// The archive folder of a lineage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Archive {
    /// The folder.
    pub path: String,
    /// Versions by number, ascending.
    pub versions: Vec<Version>,
}

/// The files of one number in the archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    /// N.
    pub number: u32,
    /// Which of the four exist, in [`Kind::ALL`] order.
    pub present: [bool; 4],
    /// Its certificate, where it was read: the newest eight and the current one.
    pub issued: Option<Issued>,
}

impl Version {
    /// All four files are there.
    pub fn complete(&self) -> bool {
        self.present == [true; 4]
    }

    /// Its certificate was read and has neither expired nor lies in the future.
    pub fn valid_at(&self, now: Timestamp) -> bool {
        self.issued.as_ref().is_some_and(|cert| cert.not_before <= now && now < cert.not_after)
    }
}

impl Archive {
    /// The highest number with all four files: the one `certbot renew` judges and relinks to.
    pub fn latest_complete(&self) -> Option<&Version> {
        self.versions.iter().rev().find(|v| v.complete())
    }

    /// The newest complete version but for `bad` whose certificate is still valid, else the newest one at all.
    pub fn best_but(&self, bad: Option<u32>, now: Timestamp) -> Option<&Version> {
        let good = || {
            self.versions.iter().rev().filter(|v| v.complete() && v.issued.is_some() && Some(v.number) != bad)
        };
        good().find(|v| v.valid_at(now)).or_else(|| good().next())
    }
}

impl Lineage {
    /// What the network showed of its identifiers.
    ///
    /// # Errors
    /// The network was not to be asked.
    pub fn seen(&self) -> Result<&[NameSeen], Skip> {
        self.seen.as_deref().ok_or(Skip::NotAsked("the network was not asked"))
    }

    /// What its CA said when it was asked.
    ///
    /// # Errors
    /// The network was not to be asked, or the conf could not be read.
    pub fn ca(&self) -> Result<&CaSeen, Skip> {
        self.conf.as_ref()?;
        self.ca.as_deref().ok_or(Skip::NotAsked("the network was not asked"))
    }

    /// The link of one kind.
    pub fn link(&self, kind: Kind) -> &LiveLink {
        let [cert, privkey, chain, fullchain] = &self.live;
        match kind {
            Kind::Cert => cert,
            Kind::Privkey => privkey,
            Kind::Chain => chain,
            Kind::Fullchain => fullchain,
        }
    }

    /// Whether all four `previous_*.pem` are there, which certbot puts back before it looks at the live paths.
    pub fn all_previous_links(&self) -> bool {
        Kind::ALL.iter().all(|kind| {
            let name = format!("/previous_{}.pem", kind.word());
            self.previous_links.iter().any(|path| path.ends_with(&name))
        })
    }

    /// Why the content behind a live path is not known, where that is so.
    pub fn unread(&self, kind: Kind) -> Option<&super::Missing> {
        match kind {
            Kind::Cert => self.cert.as_ref().err(),
            Kind::Privkey => self.key.as_ref().err(),
            Kind::Chain => self.chain.as_ref().err(),
            // The comparison also needs the two others; only its own file counts here.
            Kind::Fullchain => {
                let link = self.link(kind);
                let own = |m: &&super::Missing| m.what == link.path || Some(m.what.as_str()) == link.target();
                self.fullchain.as_ref().err().filter(own)
            }
        }
    }

    /// The authenticator plugin's name without a distribution prefix (`certbot-dns-x:dns-x`).
    pub fn authenticator(&self) -> Option<&str> {
        self.conf.as_ref().ok()?.param_text("authenticator").map(plugin_name)
    }

    /// The installer plugin's name.
    pub fn installer(&self) -> Option<&str> {
        self.conf.as_ref().ok()?.param_text("installer").map(plugin_name)
    }

    /// The ACME directory that it renews at; certbot's default where the conf names none.
    pub fn server(&self) -> Option<&str> {
        Some(self.conf.as_ref().ok()?.param_text("server").unwrap_or(crate::ca::LETS_ENCRYPT))
    }

    /// The folder that `[[webroot_map]]` gives to a name; addresses may be spelled in any way.
    pub fn webroot_of(&self, name: &str) -> Option<(&Setting, &str)> {
        let address = name.parse::<std::net::IpAddr>().ok();
        let same = |key: &str| match address {
            Some(address) => key.parse().is_ok_and(|other: std::net::IpAddr| other == address),
            None => key.eq_ignore_ascii_case(name),
        };
        let setting = self.conf.as_ref().ok()?.webroot_map().find(|s| same(&s.key))?;
        setting.text().map(|path| (setting, path))
    }

    /// The folder for every name that the map leaves out: the last of `webroot_path`.
    /// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/webroot.py>
    pub fn webroot_for_all(&self) -> Option<(&Setting, &str)> {
        let (setting, paths) = self.conf.as_ref().ok()?.webroot_path()?;
        paths.last().filter(|path| !path.is_empty()).map(|path| (setting, path.as_str()))
    }

    /// The certificate's names; empty where it could not be read.
    pub fn names(&self) -> &[String] {
        self.cert.as_ref().map(|c| c.names.as_slice()).unwrap_or_default()
    }
}

/// A plugin without the name of the distribution that it comes with.
pub(super) fn plugin_name(raw: &str) -> &str {
    raw.rsplit(':').next().unwrap_or(raw)
}
