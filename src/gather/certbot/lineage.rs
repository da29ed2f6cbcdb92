//! One lineage: conf, live links, archive, certificate, chain and key.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use x509_parser::certificate::X509Certificate;

use super::conf;
use super::paths::{Programs, exposure, paths};
use super::properties::properties;
use crate::facts::{
    Archive, Cert, Conf, Fact, Issued, Kind, Lineage, LinkState, LiveLink, Missing, Role, SignatureState,
    Version, Why,
};
use crate::gather::acts;
use crate::gather::fs::{Content, Entry, Folder, Root, kind_word, normalize, show, show_bytes};
use crate::gather::x509;

/// How many older versions' certificates are read; certbot itself keeps the current one and five more.
const MAX_VERSIONS_READ: usize = 8;

/// Where lineages are read from.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The host.
    pub root: &'a Root,
    /// certbot's configuration folder.
    pub config: &'a Path,
    /// The programs of hooks that were looked up before.
    pub programs: &'a Programs,
}

/// The name of the lineage of one file of `renewal/`.
pub fn name_of(conf_file: &Entry) -> String {
    show_bytes(stem(conf_file))
}

fn stem(conf_file: &Entry) -> &OsStr {
    let name = conf_file.name.as_bytes();
    OsStr::from_bytes(name.strip_suffix(b".conf").unwrap_or(name))
}

/// Reads the lineage of one file of `renewal/`.
pub fn lineage(reader: Reader<'_>, conf_file: &Entry) -> Lineage {
    let stem = stem(conf_file);
    let conf_path = reader.config.join("renewal").join(&conf_file.name);
    let conf = conf(reader.root, &conf_path, conf_file.regular);
    let named_archive = conf.as_ref().ok().and_then(|c| c.top("archive_dir")?.text());
    let archive_folder =
        named_archive.map_or_else(|| reader.config.join("archive").join(stem), PathBuf::from);
    let in_archive = reader.list(&archive_folder);
    let live_folder = reader.config.join("live").join(stem);
    let open = reader.root.folder(&live_folder, Role::Other).ok().flatten();
    let places = Places { live_folder: &live_folder, open, archive_folder: &archive_folder, in_archive };
    let [cert, key, chain, full] = Kind::ALL.map(|kind| reader.live(conf.as_ref().ok(), &places, kind));

    let leaf_ders = ders(&cert);
    let leaf_x509 = first(&leaf_ders, &cert);
    let chain_ders = ders(&chain);
    let chain_x509 = all(&chain_ders, &chain);
    let signed = match (&leaf_x509, chain_x509.as_ref().map(|c| c.first())) {
        (Ok(leaf), Ok(Some(issuer))) => x509::signed_by(leaf, issuer),
        _ => SignatureState::NotChecked,
    };
    let fullchain = concatenated(&cert, &chain, &full);
    let key_facts = match &key.content {
        Ok(content) => x509::private_key(&content.bytes).map_err(|what| key.malformed(what)),
        Err(missing) => Err(missing.clone()),
    };
    let current = leaf_x509.as_ref().ok().map(x509::issued);
    let leaf: Fact<Cert> = leaf_x509.map(|c| x509::cert(&c));
    let archive = reader.archive(&places, cert.link.version(), current);
    Lineage {
        name: show_bytes(stem),
        paths: conf.as_ref().map(|c| paths(reader.root, reader.programs, c)).unwrap_or_default(),
        pre_hook: conf.as_ref().ok().and_then(|conf| acts::of_conf(reader.root, conf)),
        properties: conf.as_ref().ok().and_then(|conf| properties(reader.root, conf)),
        key_exposed: exposure(reader.root, &key.link),
        conf,
        previous_links: places.previous_links(),
        archive,
        cert: leaf,
        chain: chain_x509.map(|certs| certs.iter().map(x509::cert).collect()),
        fullchain,
        key: key_facts,
        signed,
        live: [cert.link, key.link, chain.link, full.link],
        seen: None,
        ca: None,
        ari: None,
        served: None,
        forecast: None,
    }
}

/// A lineage's two folders.
struct Places<'a> {
    live_folder: &'a Path,
    open: Option<Folder>,
    archive_folder: &'a Path,
    in_archive: Fact<Vec<Entry>>,
}

impl Places<'_> {
    /// Whether the archive's listing calls the target of a link a regular file.
    fn is_regular(&self, target: &Path) -> bool {
        let (Ok(entries), Some(name)) = (&self.in_archive, target.file_name()) else { return false };
        target.parent() == Some(self.archive_folder)
            && entries
                .binary_search_by(|entry| entry.name.as_os_str().cmp(name))
                .is_ok_and(|at| entries.get(at).is_some_and(|entry| entry.regular))
    }

    fn previous_links(self) -> Vec<String> {
        let entries = self.open.and_then(|folder| folder.entries().ok()).unwrap_or_default();
        let previous = entries.iter().filter(|e| e.name.as_bytes().starts_with(b"previous_"));
        previous.map(|e| show(&self.live_folder.join(&e.name))).collect()
    }
}

/// A live path with the content behind it.
struct Live {
    link: LiveLink,
    content: Fact<Content>,
}

impl Live {
    /// What the file behind the link says is wrong with it.
    fn malformed(&self, what: String) -> Missing {
        let place = self.link.target().unwrap_or(&self.link.path);
        Missing::new(place, Why::Malformed(0, what), Role::Pem)
    }
}

impl Reader<'_> {
    fn list(&self, folder: &Path) -> Fact<Vec<Entry>> {
        match self.root.folder(folder, Role::Pem)? {
            Some(open) => open.entries(),
            None => Err(Missing::new(show(folder), Why::NotFound, Role::Pem)),
        }
    }

    fn live(&self, conf: Option<&Conf>, places: &Places<'_>, kind: Kind) -> Live {
        let named =
            conf.and_then(|c| c.top(kind.word())).and_then(|s| Some((PathBuf::from(s.text()?), s.line)));
        let (path, line) = match named {
            Some((path, line)) => (path, Some(line)),
            None => (places.live_folder.join(format!("{}.pem", kind.word())), None),
        };
        let parent = path.parent().unwrap_or(Path::new("/"));
        let text = match (&places.open, path.file_name()) {
            (Some(folder), Some(name)) if parent == places.live_folder => folder.read_link(name),
            _ => self.root.read_link(&path),
        };
        let target = text.as_ref().ok().and_then(Option::as_ref).map(|text| normalize(parent, text));
        let regular = target.as_ref().is_some_and(|target| places.is_regular(target));
        let content = self.root.read_listed(&path, regular, x509::MAX_PEM, Role::Pem);
        let state = match (text, target) {
            (Ok(Some(text)), Some(target)) => LinkState::Link {
                text: show(&text),
                target: show(&target),
                version: target.file_name().and_then(|name| number(name, kind)),
                mode: match &content {
                    Ok(content) => Some(content.meta.mode),
                    Err(_) => self.root.stat(&path).ok().map(|m| m.mode),
                },
            },
            (Ok(_), _) => LinkState::NotALink(
                self.root.lstat(&path).map_or("something else", |m| kind_word(m.kind)).into(),
            ),
            (Err(Why::NotFound), _) => LinkState::Absent,
            (Err(why), _) => LinkState::Unknown(Missing::new(show(&path), why, Role::Pem)),
        };
        Live { link: LiveLink { kind, path: show(&path), line, state }, content }
    }

    fn archive(&self, places: &Places<'_>, current: Option<u32>, known: Option<Issued>) -> Fact<Archive> {
        let entries = places.in_archive.as_ref().map_err(Missing::clone)?;
        let mut versions: Vec<Version> = Vec::new();
        for entry in entries {
            for kind in Kind::ALL {
                let Some(n) = number(&entry.name, kind) else { continue };
                let at = versions.binary_search_by_key(&n, |v| v.number).unwrap_or_else(|at| {
                    versions.insert(at, Version { number: n, present: [false; 4], issued: None });
                    at
                });
                if let Some(present) = versions.get_mut(at).and_then(|v| v.present.get_mut(kind.index())) {
                    *present = true;
                }
            }
        }
        for version in versions.iter_mut().rev().take(MAX_VERSIONS_READ) {
            version.issued = match &known {
                Some(known) if current == Some(version.number) => Some(known.clone()),
                _ => self.issued(places, version.number),
            };
        }
        Ok(Archive { path: show(places.archive_folder), versions })
    }

    fn issued(&self, places: &Places<'_>, number: u32) -> Option<Issued> {
        let path = places.archive_folder.join(format!("cert{number}.pem"));
        let content = self.root.read_listed(&path, places.is_regular(&path), x509::MAX_PEM, Role::Other);
        let ders = x509::certificates(&content.ok()?.bytes).ok()?;
        Some(x509::issued(&x509::parse(ders.first()?).ok()?))
    }
}

/// N of `kindN.pem`, as certbot's pattern has it.
fn number(name: &OsStr, kind: Kind) -> Option<u32> {
    let digits = name.to_str()?.strip_prefix(kind.word())?.strip_suffix(".pem")?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn ders(live: &Live) -> Fact<Vec<Vec<u8>>> {
    match &live.content {
        Ok(content) => x509::certificates(&content.bytes).map_err(|what| live.malformed(what)),
        Err(missing) => Err(missing.clone()),
    }
}

fn first<'d>(ders: &'d Fact<Vec<Vec<u8>>>, live: &Live) -> Fact<X509Certificate<'d>> {
    let ders = ders.as_ref().map_err(Missing::clone)?;
    let der = ders.first().map(Vec::as_slice).unwrap_or_default();
    x509::parse(der).map_err(|what| live.malformed(what))
}

fn all<'d>(ders: &'d Fact<Vec<Vec<u8>>>, live: &Live) -> Fact<Vec<X509Certificate<'d>>> {
    let ders = ders.as_ref().map_err(Missing::clone)?;
    ders.iter().map(|der| x509::parse(der).map_err(|what| live.malformed(what))).collect()
}

/// Whether fullchain is cert and chain: byte for byte as certbot writes it, or at least the same certificates.
fn concatenated(cert: &Live, chain: &Live, full: &Live) -> Fact<bool> {
    let bytes = |live: &Live| live.content.as_ref().map(|c| c.bytes.clone()).map_err(Missing::clone);
    // Its own file first, so that what is wrong with it is not hidden behind the other two.
    let full_bytes = full.content.as_ref().map_err(Missing::clone)?;
    let (cert_bytes, chain_bytes) = (bytes(cert)?, bytes(chain)?);
    let parts = [cert_bytes.as_slice(), chain_bytes.as_slice()].concat();
    if parts == full_bytes.bytes {
        // A file that is equal byte for byte to two that parse parses as well.
        return Ok(true);
    }
    let found = ders(full)?;
    Ok(found == [ders(cert)?, ders(chain)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_the_file_name_as_certbot_does() {
        assert_eq!(number(OsStr::new("cert12.pem"), Kind::Cert), Some(12));
        for odd in
            ["cert.pem", "cert1.pem.bak", "cert-1.pem", "fullchain1.pem", "cert99999999999.pem", "cert+1.pem"]
        {
            assert_eq!(number(OsStr::new(odd), Kind::Cert), None, "{odd}");
        }
    }
}
