//! The key of the root that everything else is proved by.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXUPPER_PERMISSIVE};
use hickory_proto::dnssec::rdata::{DNSKEY, DS};
use hickory_proto::dnssec::{Algorithm, DigestType, PublicKeyBuf, TrustAnchors};
use hickory_proto::rr::Name;

use super::rrset::names;
use crate::facts::Role;
use crate::gather::fs::Root;

/// Where a host has its own, the most important folder last: dnssec-trust-anchors.d(5)
const FOLDERS: [&str; 3] =
    ["/usr/lib/dnssec-trust-anchors.d", "/run/dnssec-trust-anchors.d", "/etc/dnssec-trust-anchors.d"];
const MAX_FILE: u64 = 256 << 10;

/// Zone key and secure entry point (RFC 4034, section 2.1.1).
const KEY_SIGNING_KEY: u16 = 257;

/// A key of the root that is trusted: itself, or by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The key.
    Key(DNSKEY),
    /// A digest of it.
    Digest(DS),
}

impl Anchor {
    /// Whether this is the trusted key.
    pub fn is(&self, key: &DNSKEY) -> bool {
        match self {
            Anchor::Key(trusted) => trusted.public_key() == key.public_key(),
            Anchor::Digest(ds) => names(ds, &Name::root(), key),
        }
    }
}

/// This machine's own anchors of the root; without any those that the library knows, as systemd-resolved does.
pub fn system() -> Vec<Anchor> {
    let root = Root::live();
    let mut files: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for folder in FOLDERS.map(Path::new) {
        let positive = root.list_or_empty(folder).into_iter();
        let positive = positive.filter(|name| name.as_bytes().ends_with(b".positive"));
        // A file in a more important folder takes the place of one with the same name.
        files.extend(positive.map(|name| (name.clone(), folder.join(name))));
    }
    let texts = files.values().filter_map(|file| root.read_text(file, MAX_FILE, Role::Other).ok());
    let own: Vec<Anchor> =
        texts.flat_map(|text| text.lines().filter_map(anchor).collect::<Vec<_>>()).collect();
    if own.is_empty() { built_in() } else { own }
}

/// The root's keys of 2017 and 2024. <https://data.iana.org/root-anchors/root-anchors.xml>
fn built_in() -> Vec<Anchor> {
    let known = TrustAnchors::default();
    let keys = (0..known.len()).filter_map(|at| known.get(at).cloned());
    keys.map(|key| Anchor::Key(DNSKEY::with_flags(KEY_SIGNING_KEY, key))).collect()
}

/// A line: `. IN DS 20326 8 2 E06D…` or `. IN DNSKEY 257 3 8 AwEA…`. Those of other domains are for this host alone, and
/// not for the CA.
fn anchor(line: &str) -> Option<Anchor> {
    let line = line.split([';', '#']).next()?;
    let mut words = line.split_whitespace().peekable();
    if words.next()? != "." {
        return None;
    }
    words.next_if(|word| word.eq_ignore_ascii_case("IN"));
    let kind = words.next()?.to_ascii_uppercase();
    let numbers = [words.next()?, words.next()?, words.next()?];
    let data: String = words.collect();
    let byte = |at: usize| numbers.get(at)?.parse::<u8>().ok();
    let first = numbers.first()?.parse::<u16>().ok()?;
    match kind.as_str() {
        "DS" => {
            let digest = HEXUPPER_PERMISSIVE.decode(data.as_bytes()).ok()?;
            let (algorithm, kind) = (Algorithm::from_u8(byte(1)?), DigestType::from(byte(2)?));
            Some(Anchor::Digest(DS::new(first, algorithm, kind, digest)))
        }
        "DNSKEY" => {
            let key = BASE64.decode(data.as_bytes()).ok()?;
            let key = PublicKeyBuf::new(key, Algorithm::from_u8(byte(2)?));
            Some(Anchor::Key(DNSKEY::with_flags(first, key)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_s_keys_are_known_and_written_as_resolved_reads_them() {
        let [old, new] = built_in().try_into().unwrap();
        // https://data.iana.org/root-anchors/root-anchors.xml
        let digests = [
            ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
            ".  DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16 ; comment",
        ];
        for (line, known) in digests.iter().zip([&old, &new]) {
            let (Some(digest), Anchor::Key(key)) = (anchor(line), known) else { panic!("{line}") };
            assert!(digest.is(key) && known.is(key));
        }
        let Anchor::Key(key) = &old else { panic!("a key") };
        let text = BASE64.encode(key.public_key().clone().into_inner().as_slice());
        let (half, rest) = text.split_at(40);
        assert_eq!(anchor(&format!(". in dnskey 257 3 8 {half} {rest}")), Some(old.clone()));
        let Anchor::Key(other) = &new else { panic!("a key") };
        assert!(!old.is(other));
    }

    #[test]
    fn lines_of_other_domains_and_other_kinds_are_left_alone() {
        for line in [
            "",
            "# . IN DS 1 8 2 00",
            "example.com. IN DS 1 8 2 00",
            ". IN NS a.",
            ". IN DS 1 8",
            ". IN DS x 8 2 00",
        ] {
            assert_eq!(anchor(line), None, "{line}");
        }
    }
}
