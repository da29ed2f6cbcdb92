//! The host's time zone: `/etc/localtime`. <https://www.freedesktop.org/software/systemd/man/latest/localtime.html>

use std::path::Path;

use data_encoding::BASE64;

use super::fs::{Root, normalize, show};
use crate::facts::{Fact, Role, Why, Zone};

/// The largest files of the database have a few kilobytes.
const MAX_TZIF: u64 = 64 << 10;
const LOCALTIME: &str = "/etc/localtime";

/// The zone; without `/etc/localtime` it is UTC.
///
/// # Errors
/// It is there and cannot be read.
pub fn zone(root: &Root) -> Fact<Zone> {
    let path = Path::new(LOCALTIME);
    if let Ok(Some(text)) = root.read_link(path) {
        let target = show(&normalize(Path::new("/etc"), &text));
        if let Some((_, name)) = target.split_once("/zoneinfo/") {
            let name = name.strip_prefix("posix/").or(name.strip_prefix("right/")).unwrap_or(name);
            return Ok(Zone { name: Some(name.to_owned()), tzif: None });
        }
    }
    match root.read(path, MAX_TZIF, Role::Other) {
        Ok(content) => {
            let written = root.read_text(Path::new("/etc/timezone"), 1024, Role::Other).ok();
            let name = written.map(|text| text.trim().to_owned()).filter(|name| !name.is_empty());
            Ok(Zone { name, tzif: Some(BASE64.encode(&content.bytes)) })
        }
        Err(missing) if missing.why == Why::NotFound => Ok(Zone { name: Some("UTC".to_owned()), tzif: None }),
        Err(missing) => Err(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn with(make: impl Fn(&Path)) -> Zone {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        make(&dir.path().join("etc"));
        zone(&Root::below(dir.path()).unwrap()).unwrap()
    }

    #[test]
    fn the_links_text_names_the_zone_even_where_the_tree_has_no_database() {
        let absolute =
            with(|etc| symlink("/usr/share/zoneinfo/Europe/Berlin", etc.join("localtime")).unwrap());
        let relative =
            with(|etc| symlink("../usr/share/zoneinfo/Asia/Tokyo", etc.join("localtime")).unwrap());
        assert_eq!(absolute.name.as_deref(), Some("Europe/Berlin"));
        assert_eq!(relative.name.as_deref(), Some("Asia/Tokyo"));
    }

    #[test]
    fn a_copied_file_is_kept_with_the_name_that_debian_writes_beside_it() {
        let zone = with(|etc| {
            std::fs::write(etc.join("localtime"), b"TZif2").unwrap();
            std::fs::write(etc.join("timezone"), "Etc/UTC\n").unwrap();
        });
        assert_eq!(zone.name.as_deref(), Some("Etc/UTC"));
        assert!(zone.tzif.is_some());
    }

    #[test]
    fn without_the_file_it_is_utc() {
        assert_eq!(with(|_| ()).name.as_deref(), Some("UTC"));
    }
}
