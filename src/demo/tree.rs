//! certbot's folder: the files, links and modes of accounts and lineages (`certbot/_internal/storage.py`, `new_lineage` and
//! `save_successor`; the modes were compared with trees made by certbot 2.1 and 5.8).

use jiff::Timestamp;

use super::Error;
use super::place::Place;

/// The four kinds of file a version has, in certbot's order.
pub(super) const KINDS: [&str; 4] = ["cert", "privkey", "chain", "fullchain"];

/// One version's certificate, key and chain, as PEM.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) cert: String,
    pub(super) key: String,
    pub(super) chain: String,
    pub(super) issued: Timestamp,
}

impl Version {
    /// `fullchain.pem`: certificate and chain, byte for byte.
    pub(super) fn fullchain(&self) -> String {
        format!("{}{}", self.cert, self.chain)
    }
}

/// One certbot configuration folder.
pub(super) struct Tree<'a> {
    pub(super) place: &'a Place,
    pub(super) dir: &'a str,
}

impl Tree<'_> {
    /// The folders and hook folders every certbot makes.
    pub(super) fn skeleton(&self) -> Result<(), Error> {
        let dir = self.dir;
        self.place.dir_if_missing(dir, 0o755)?;
        for (name, mode) in [
            ("accounts", 0o700),
            ("renewal", 0o755),
            ("renewal-hooks/deploy", 0o755),
            ("renewal-hooks/post", 0o755),
            ("renewal-hooks/pre", 0o755),
        ] {
            self.place.dir_if_missing(&format!("{dir}/{name}"), mode)?;
        }
        Ok(())
    }

    /// One version in the archive; the folder is made with the first.
    pub(super) fn archive(&self, name: &str, n: u32, version: &Version) -> Result<(), Error> {
        let dir = self.dir;
        self.place.dir_if_missing(&format!("{dir}/archive"), 0o700)?;
        self.place.dir_if_missing(&format!("{dir}/archive/{name}"), 0o755)?;
        for kind in KINDS {
            let (text, mode) = match kind {
                "cert" => (version.cert.clone(), 0o644),
                "privkey" => (version.key.clone(), 0o600),
                "chain" => (version.chain.clone(), 0o644),
                _ => (version.fullchain(), 0o644),
            };
            let path = format!("{dir}/archive/{name}/{kind}{n}.pem");
            self.place.write_dated(&path, text.as_bytes(), mode, version.issued)?;
        }
        Ok(())
    }

    /// The live folder with its READMEs, without links.
    pub(super) fn live(&self, name: &str, made: Timestamp) -> Result<(), Error> {
        let live = format!("{}/live", self.dir);
        self.place.dir_if_missing(&live, 0o700)?;
        self.place.dir_if_missing(&format!("{live}/{name}"), 0o755)?;
        for (path, text) in
            [(format!("{live}/README"), README_BASE), (format!("{live}/{name}/README"), README_LINEAGE)]
        {
            if !self.place.exists(&path)? {
                self.place.write_dated(&path, text.as_bytes(), 0o644, made)?;
            }
        }
        Ok(())
    }

    /// Points one live link at a version, which need not exist.
    pub(super) fn point(&self, name: &str, kind: &str, n: u32, when: Timestamp) -> Result<(), Error> {
        let link = format!("{}/live/{name}/{kind}.pem", self.dir);
        if self.place.exists(&link)? {
            self.place.remove(&link)?;
        }
        let target = format!("../../archive/{name}/{kind}{n}.pem");
        self.place.link_dated(&link, &target, when)
    }

    /// The copies certbots before 2.3 left in `keys/` and `csr/`.
    pub(super) fn key_and_csr(&self, n: usize, key: &str, csr: &str, when: Timestamp) -> Result<(), Error> {
        let dir = self.dir;
        self.place.dir_if_missing(&format!("{dir}/keys"), 0o700)?;
        self.place.dir_if_missing(&format!("{dir}/csr"), 0o755)?;
        let path = format!("{dir}/keys/{n:04}_key-certbot.pem");
        self.place.write_dated(&path, key.as_bytes(), 0o600, when)?;
        let path = format!("{dir}/csr/{n:04}_csr-certbot.pem");
        self.place.write_dated(&path, csr.as_bytes(), 0o644, when)
    }

    /// An account's folder: `accounts/HOST/PATH/ID/`.
    pub(super) fn account(&self, account: &AccountFiles<'_>) -> Result<(), Error> {
        let mut folder = format!("{}/accounts", self.dir);
        let path = account.server.split_once("://").map_or(account.server, |(_, path)| path);
        for part in path.split('/').filter(|part| !part.is_empty()).chain([account.id]) {
            folder = format!("{folder}/{part}");
            self.place.dir_if_missing(&folder, 0o700)?;
        }
        let when = account.created;
        let meta = format!(
            "{{\"creation_dt\": \"{}\", \"creation_host\": \"{}\"}}",
            when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            account.host
        );
        let regr = format!("{{\"body\": {{}}, \"uri\": \"{}\"}}", account.uri);
        for (name, text, mode) in [
            ("private_key.json", account.jwk, 0o400),
            ("meta.json", meta.as_str(), 0o644),
            ("regr.json", regr.as_str(), 0o644),
        ] {
            let path = format!("{folder}/{name}");
            self.place.write_dated(&path, text.as_bytes(), mode, when)?;
        }
        Ok(())
    }
}

/// What an account's folder is made from.
pub(super) struct AccountFiles<'a> {
    pub(super) server: &'a str,
    pub(super) id: &'a str,
    pub(super) jwk: &'a str,
    pub(super) uri: &'a str,
    pub(super) host: &'a str,
    pub(super) created: Timestamp,
}

const README_BASE: &str = "\
This directory contains your keys and certificates.

`[cert name]/privkey.pem`  : the private key for your certificate.
`[cert name]/fullchain.pem`: the certificate file used in most server software.
`[cert name]/chain.pem`    : used for OCSP stapling in Nginx >=1.3.7.
`[cert name]/cert.pem`     : will break many server configurations, and should not be used
                 without reading further documentation (see link below).

WARNING: DO NOT MOVE OR RENAME THESE FILES!
         Certbot expects these files to remain in this location in order
         to function properly!

We recommend not moving these files. For more information, see the Certbot
User Guide at https://certbot.eff.org/docs/using.html#where-are-my-certificates.
";

const README_LINEAGE: &str = "\
This directory contains your keys and certificates.

`privkey.pem`  : the private key for your certificate.
`fullchain.pem`: the certificate file used in most server software.
`chain.pem`    : used for OCSP stapling in Nginx >=1.3.7.
`cert.pem`     : will break many server configurations, and should not be used
                 without reading further documentation (see link below).

WARNING: DO NOT MOVE OR RENAME THESE FILES!
         Certbot expects these files to remain in this location in order
         to function properly!

We recommend not moving these files. For more information, see the Certbot
User Guide at https://certbot.eff.org/docs/using.html#where-are-my-certificates.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readmes_have_the_sizes_certbot_writes() {
        assert_eq!((README_BASE.len(), README_LINEAGE.len()), (740, 692));
    }
}
