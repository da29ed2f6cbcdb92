//! `renewal/`, `live/` and `archive/` as lists of names, and what no conf names.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::facts::{Fact, Missing, Orphan, Renewal, Role, StrayConf, Why};
use crate::gather::fs::{Entry, Folder, Root, show, show_bytes};
use crate::gather::x509;

/// The names found in the three folders.
#[derive(Debug)]
pub struct Folders {
    /// `renewal/`.
    pub renewal: Renewal,
    /// The confs that certbot reads, sorted by name.
    pub confs: Vec<Entry>,
}

/// Lists `renewal/`. certbot reads `renewal/*.conf`, dot files excluded.
pub fn folders(root: &Root, config: &Path) -> Fact<Folders> {
    let path = config.join("renewal");
    if let Err(why) = root.stat(config) {
        return Err(Missing::new(show(config), why, Role::ConfigDir));
    }
    let entries = root.folder(&path, Role::ConfigDir)?.map(Folder::entries).transpose()?.unwrap_or_default();
    let (confs, others): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| {
        let name = entry.name.as_bytes();
        name.ends_with(b".conf") && !name.starts_with(b".")
    });
    let strays = others.iter().filter_map(|entry| stray(root, config, &path, &entry.name)).collect();
    Ok(Folders { renewal: Renewal { path: show(&path), confs: confs.len(), strays }, confs })
}

/// A file that would be a conf but for its name: `NAME.conf.bak`, `NAME`, `NAME.conf~`, `.NAME.conf` …
fn stray(root: &Root, config: &Path, folder: &Path, name: &OsStr) -> Option<StrayConf> {
    let text = show_bytes(name);
    let visible = text.trim_start_matches('.');
    let lineage = match visible.find(".conf") {
        Some(at) => visible.get(..at)?,
        None if visible.contains('.') && root.is_dir(&config.join("live").join(visible)) => visible,
        None => return None,
    };
    if lineage.is_empty() || root.is_dir(&folder.join(name)) {
        return None;
    }
    Some(StrayConf {
        path: show(&folder.join(name)),
        lineage: lineage.to_owned(),
        has_conf: root.exists(&folder.join(format!("{lineage}.conf"))),
        has_live: root.is_dir(&config.join("live").join(lineage)),
    })
}

/// Folders in `live/` or `archive/` that no conf is named after.
pub fn orphans(root: &Root, config: &Path, confs: &[Entry]) -> Fact<Vec<Orphan>> {
    let list = |name: &str| -> Fact<Vec<OsString>> {
        Ok(root.list(&config.join(name), Role::ConfigDir)?.unwrap_or_default())
    };
    let known: BTreeSet<&[u8]> =
        confs.iter().filter_map(|c| c.name.as_bytes().strip_suffix(b".conf")).collect();
    let (live, archive) = (list("live")?, list("archive")?);
    let names: BTreeSet<&OsString> =
        live.iter().chain(&archive).filter(|n| !known.contains(n.as_bytes())).collect();
    let mut orphans = Vec::new();
    for name in names {
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        let (in_live, in_archive) = (config.join("live").join(name), config.join("archive").join(name));
        let live = root.is_dir(&in_live).then(|| show(&in_live));
        let archive = root.is_dir(&in_archive).then(|| show(&in_archive));
        if live.is_none() && archive.is_none() {
            continue;
        }
        // A second name for a folder that is renewed under its own.
        let real = root.read_link(&in_live).ok().flatten().and_then(|_| root.real_path(&in_live));
        if real.and_then(|real| Some(known.contains(real.file_name()?.as_bytes()))) == Some(true) {
            continue;
        }
        let cert = if live.is_some() { in_live.join("cert.pem") } else { newest(root, &in_archive) };
        let cert = root.read(&cert, x509::MAX_PEM, Role::Other).and_then(|content| {
            x509::certificates(&content.bytes)
                .and_then(|ders| {
                    ders.first().ok_or_else(String::new).and_then(|der| Ok(x509::cert(&x509::parse(der)?)))
                })
                .map_err(|what| Missing::new(show(&cert), Why::Malformed(0, what), Role::Other))
        });
        orphans.push(Orphan { name: show_bytes(name), live, archive, cert });
    }
    Ok(orphans)
}

/// The certificate with the highest number in an archive folder.
fn newest(root: &Root, archive: &Path) -> std::path::PathBuf {
    let number = |name: &OsString| -> Option<u32> {
        name.to_str()?.strip_prefix("cert")?.strip_suffix(".pem")?.parse().ok()
    };
    let highest = root.list_or_empty(archive).iter().filter_map(number).max().unwrap_or(1);
    archive.join(format!("cert{highest}.pem"))
}
