//! The distribution, its init system and its container engines.

use std::path::Path;

use crate::facts::{Os, Role};
use crate::gather::fs::Root;

const MAX_OS_RELEASE: u64 = 64 << 10;

/// Distribution and init system.
pub fn os(root: &Root) -> Os {
    let any = |paths: &[&str]| paths.iter().any(|path| root.exists(Path::new(path)));
    // <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>: etc goes before usr/lib.
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| root.read_text(Path::new(path), MAX_OS_RELEASE, Role::Other).ok())
        .unwrap_or_default();
    Os {
        id: value(&release, "ID"),
        like: value(&release, "ID_LIKE"),
        systemd: systemd(root),
        has_etc: root.is_dir(Path::new("/etc")),
        only_etc: !root.is_live()
            && matches!(root.list_or_empty(Path::new("/")).as_slice(), [only] if only == "etc"),
        containers: any(&[
            "/usr/bin/docker",
            "/usr/local/bin/docker",
            "/usr/bin/dockerd",
            "/usr/bin/podman",
            "/usr/bin/nerdctl",
            "/var/lib/docker",
            "/var/lib/containers/storage",
            "/var/snap/docker",
        ]),
    }
}

/// A running host is asked as sd_booted(3) asks: the program alone does not make it PID 1, as in many containers.
/// <https://www.freedesktop.org/software/systemd/man/latest/sd_booted.html>
fn systemd(root: &Root) -> bool {
    let any = |paths: &[&str]| paths.iter().any(|path| root.lstat(Path::new(path)).is_ok());
    let booted = root.is_dir(Path::new("/run/systemd/system"));
    if booted || root.is_live() {
        return booted;
    }
    // In a tree with programs the program decides: packages enable their timers in container images as well.
    any(&["/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/nix/var/nix/profiles/system"])
        || !any(&["/bin/sh", "/usr/bin/sh"])
            && any(&[
                "/etc/systemd/system/default.target",
                "/etc/systemd/system/multi-user.target.wants",
                "/etc/systemd/system/timers.target.wants",
            ])
}

fn value(release: &str, key: &str) -> String {
    release
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_tree_is_no_known_system() {
        let dir = tempfile::tempdir().unwrap();
        let os = os(&Root::below(dir.path()).unwrap());
        assert!(!os.systemd && !os.has_etc && !os.containers && os.id.is_empty());
    }

    #[test]
    fn rocky_is_of_the_rhel_family() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("usr/lib")).unwrap();
        std::fs::create_dir_all(dir.path().join("etc/systemd/system/timers.target.wants")).unwrap();
        let text = "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n";
        std::fs::write(dir.path().join("usr/lib/os-release"), text).unwrap();
        let os = os(&Root::below(dir.path()).unwrap());
        assert!(os.is_rhel() && os.systemd && os.has_etc);
        assert_eq!((os.id.as_str(), os.like.as_str()), ("rocky", "rhel centos fedora"));
    }
}
