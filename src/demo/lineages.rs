//! The verbs that make certificates: `lineage`, `version` and `pair`.

use jiff::{SignedDuration, Timestamp};
use rcgen::KeyPair;

use super::Error;
use super::host::{DAY, Host, after};
use super::manifest::{ConfEdit, Lineage};
use super::mint::{KeyKind, Leaf, csr_pem};
use super::tree::{KINDS, Version};
use super::{authorities, conf};

/// A lineage that was written: its options and the number of its newest version.
pub(super) struct Built {
    pub(super) spec: Lineage,
    pub(super) names: Vec<String>,
    newest: u32,
}

impl Host {
    /// The CA and the directory URL of a lineage: either names the other.
    fn ca_and_server(&self, spec: &Lineage) -> Result<(String, String), Error> {
        let key = spec.key.unwrap_or(KeyKind::P256);
        let server = match (&spec.server, &spec.ca) {
            (Some(server), _) => self.server(server)?,
            (None, Some(ca)) => self.server(ca)?,
            (None, None) => self.server("letsencrypt")?,
        };
        // A CA of the manifest's own is known by its URL.
        let own = self.cas.iter().find(|ca| ca.server.as_ref() == Some(&server));
        let ca = match (&spec.ca, own) {
            (Some(ca), _) => ca.clone(),
            (None, Some(ca)) => ca.name.clone(),
            (None, None) => authorities::behind(&server, key).to_owned(),
        };
        Ok((ca, server))
    }

    fn mint(
        &mut self,
        ca: &str,
        spec: &Lineage,
        names: &[String],
        issued: Timestamp,
        key: &KeyPair,
    ) -> Result<Version, Error> {
        let authority = self.authority(ca)?;
        let leaf = Leaf {
            names,
            from: issued,
            lifetime: spec.lifetime.unwrap_or(DAY * 90),
            must_staple: spec.must_staple,
            client_auth: spec.client_auth,
            common_name: spec.common_name,
        };
        Ok(Version {
            cert: authority.sign(&leaf, key)?,
            key: key.serialize_pem(),
            chain: authority.chain_pem().to_owned(),
            issued,
        })
    }

    pub(super) fn lineage(&mut self, spec: &Lineage) -> Result<(), Error> {
        let name = spec.name.as_str();
        if name.contains('/') || matches!(name, "" | "." | "..") {
            return Err(Error::new(format!("`{name}` cannot name a lineage")));
        }
        let names = spec.names.clone().unwrap_or_else(|| vec![name.to_owned()]);
        let (ca, server) = self.ca_and_server(spec)?;
        let account = self.account_id(spec.account.as_deref(), &server)?;
        let newest = self.when(spec.issued.unwrap_or(DAY * -30))?;
        let kind = spec.key.unwrap_or(KeyKind::P256);
        let old = conf::version(&spec.certbot)? < (2, 3);
        self.tree().skeleton()?;
        let mut key = kind.generate()?;
        for n in 1..=spec.versions {
            let earlier = i32::try_from(spec.versions - n).unwrap_or(i32::MAX);
            let issued = after(newest, -(spec.every * earlier))?;
            if n > 1 && !spec.reuse_key {
                key = kind.generate()?;
            }
            let version = self.mint(&ca, spec, &names, issued, &key)?;
            self.tree().archive(name, n, &version)?;
            if old {
                let csr = csr_pem(&names, &key)?;
                self.tree().key_and_csr(self.csrs, &version.key, &csr, issued)?;
                self.csrs += 1;
            }
        }
        let renewals = i32::try_from(spec.versions - 1).unwrap_or(0);
        let first = after(newest, -(spec.every * renewals))?;
        self.tree().live(name, first)?;
        for kind in KINDS {
            self.tree().point(name, kind, spec.versions, newest)?;
        }
        if spec.conf {
            self.conf(spec, &names, &server, account.as_deref(), newest)?;
        }
        let built = Built { spec: spec.clone(), names, newest: spec.versions };
        self.lineages.insert(name.to_owned(), built);
        Ok(())
    }

    fn conf(
        &self,
        spec: &Lineage,
        names: &[String],
        server: &str,
        account: Option<&str>,
        issued: Timestamp,
    ) -> Result<(), Error> {
        let ran = self.when(spec.last_run)?;
        let retry = match spec.retry_after {
            Some(span) => self.when(span)?,
            None => after(ran, SignedDuration::from_hours(6))?,
        };
        let around = conf::Surroundings {
            config_dir: &self.config_dir,
            server,
            account,
            names,
            // certbot writes naive local time; the zone of a sandbox host is UTC.
            retry_after: &retry.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        };
        let mut spec = spec.clone();
        for edit in &mut spec.edits {
            if let ConfEdit::Param(line) | ConfEdit::Top(line) = edit {
                *line = self.expand(line)?;
            }
        }
        let text = conf::text(&spec, &around)?;
        // Only certbots that store the Retry-After touch the conf at every run.
        let written = if conf::version(&spec.certbot)? >= (5, 0) { ran.max(issued) } else { issued };
        let path = format!("{}/renewal/{}.conf", self.config_dir, spec.name);
        self.place.write_dated(&path, text.as_bytes(), 0o644, written)
    }

    pub(super) fn version(&mut self, n: Option<u32>, linked: bool, of: &Lineage) -> Result<(), Error> {
        let Some(built) = self.lineages.get(&of.name) else {
            return Err(Error::new(format!("no lineage is called `{}`", of.name)));
        };
        let base = built.spec.clone();
        let names = of.names.clone().unwrap_or_else(|| built.names.clone());
        let n = n.unwrap_or(built.newest + 1);
        let spec = Lineage {
            ca: of.ca.clone().or(base.ca),
            server: of.server.clone().or(base.server),
            key: of.key.or(base.key),
            lifetime: of.lifetime.or(base.lifetime),
            ..of.clone()
        };
        let (ca, _) = self.ca_and_server(&spec)?;
        let issued = self.when(of.issued.unwrap_or(-DAY))?;
        let key = spec.key.unwrap_or(KeyKind::P256).generate()?;
        let version = self.mint(&ca, &spec, &names, issued, &key)?;
        self.tree().archive(&of.name, n, &version)?;
        if linked {
            for kind in KINDS {
                self.tree().point(&of.name, kind, n, issued)?;
            }
        }
        if let Some(built) = self.lineages.get_mut(&of.name) {
            built.newest = built.newest.max(n);
        }
        Ok(())
    }

    pub(super) fn pair(&mut self, cert: &str, key_path: &str, of: &Lineage) -> Result<(), Error> {
        let names = of.names.clone().ok_or_else(|| Error::new("`pair` needs names="))?;
        let (ca, _) = self.ca_and_server(of)?;
        let issued = self.when(of.issued.unwrap_or(DAY * -30))?;
        let key = of.key.unwrap_or(KeyKind::P256).generate()?;
        let version = self.mint(&ca, of, &names, issued, &key)?;
        self.place.write_dated(cert, version.fullchain().as_bytes(), 0o644, issued)?;
        self.place.write_dated(key_path, version.key.as_bytes(), 0o600, issued)
    }
}
