use super::*;
use std::os::unix::fs::symlink;

struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn with(self, path: &str, text: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn link(self, path: &str, target: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    fn installs(&self) -> Vec<Install> {
        installs(&Root::below(self.dir.path()).unwrap()).unwrap()
    }

    fn only(&self) -> (InstallKind, String, Option<String>, String) {
        let mut all = self.installs();
        assert_eq!(all.len(), 1, "{all:?}");
        let one = all.remove(0);
        (one.kind, one.path, one.version, one.plugins.unwrap().join(" "))
    }
}

const NGINX: &str = "[certbot.plugins]\nnginx = certbot_nginx._internal.configurator:NginxConfigurator\n";
const CLOUDFLARE: &str =
    "[console_scripts]\nx = y\n\n[certbot.plugins]\ncertbot-dns-cloudflare:dns-cloudflare = a:B\n";

#[test]
fn debians_certbot_sees_its_plugins_and_those_that_pip_put_beside_it() {
    let host = Host::new()
        .with("usr/lib/python3/dist-packages/certbot-2.1.0.egg-info/entry_points.txt", "")
        .with("usr/lib/python3/dist-packages/certbot_nginx-2.1.0.egg-info/entry_points.txt", NGINX)
        .with("usr/lib/python3/dist-packages/certbot_apache/__init__.py", "")
        .with("usr/lib/python3/dist-packages/certbot_dns_ovh/__pycache__/a.pyc", "")
        .with(
            "usr/local/lib/python3.11/dist-packages/certbot_dns_cloudflare-2.1.0.dist-info/entry_points.txt",
            CLOUDFLARE,
        )
        .with("usr/local/lib/python3.9/dist-packages/certbot_dns_google/__init__.py", "")
        .with("usr/bin/python3.11", "")
        .link("usr/bin/python3", "python3.11")
        .with("usr/bin/certbot", "#!/usr/bin/python3\n");
    let (kind, path, version, plugins) = host.only();
    assert_eq!((kind, path.as_str()), (InstallKind::Package, "/usr/lib/python3/dist-packages"));
    assert_eq!(version.as_deref(), Some("2.1.0"));
    assert_eq!(plugins, "apache dns-cloudflare manual nginx null standalone webroot");
}

#[test]
fn fedoras_two_library_folders_are_one_search_path() {
    let host = Host::new()
        .with("usr/lib/python3.13/site-packages/certbot/__init__.py", "x = 1\n__version__ = '5.8.0'\n")
        .with("usr/lib64/python3.13/site-packages/certbot_nginx-5.8.0.dist-info/entry_points.txt", NGINX);
    let (kind, _, version, plugins) = host.only();
    assert_eq!((kind, version.as_deref()), (InstallKind::Package, Some("5.8.0")));
    assert_eq!(plugins, "manual nginx null standalone webroot");
}

#[test]
fn a_venv_is_found_through_a_link_and_counted_once() {
    let host = Host::new()
        .with("opt/certbot/lib/python3.12/site-packages/certbot-5.8.0.dist-info/METADATA", "")
        .link("opt/certbot/lib64", "lib")
        .with("opt/certbot/bin/certbot", "#!/opt/certbot/bin/python3\n")
        .link("usr/bin/certbot", "/opt/certbot/bin/certbot");
    let (kind, path, version, plugins) = host.only();
    assert_eq!((kind, path.as_str()), (InstallKind::Pip, "/opt/certbot/lib/python3.12/site-packages"));
    assert_eq!((version.as_deref(), plugins.as_str()), (Some("5.8.0"), "manual null standalone webroot"));
}

#[test]
fn a_venv_is_found_through_a_shebang_and_through_a_wrapper() {
    for text in ["#!/srv/x/bin/python3\nimport re\n", "#!/bin/sh\nexec \"/srv/x/bin/certbot\" \"$@\"\n"] {
        let host = Host::new()
            .with("srv/x/lib/python3.12/site-packages/certbot-4.0.0.dist-info/METADATA", "")
            .with("usr/local/bin/certbot", text);
        assert_eq!(host.only().1, "/srv/x/lib/python3.12/site-packages");
    }
}

#[test]
fn a_venv_sees_the_systems_packages_only_if_it_was_made_so() {
    for (word, plugins) in
        [("true", "manual nginx null standalone webroot"), ("false", "manual null standalone webroot")]
    {
        let host = Host::new()
            .with("usr/lib/python3/dist-packages/certbot_nginx/__init__.py", "")
            .with("opt/le/lib/python3.12/site-packages/certbot-4.0.0.dist-info/METADATA", "")
            .with("opt/le/pyvenv.cfg", &format!("home = /usr/bin\ninclude-system-site-packages = {word}\n"));
        assert_eq!(host.only().3, plugins);
    }
}

#[test]
fn apt_and_snap_and_pipx_are_three_installs() {
    let host = Host::new()
        .with("usr/lib/python3/dist-packages/certbot-2.1.0.egg-info/PKG-INFO", "")
        .with("snap/certbot/4325/lib/python3.12/site-packages/certbot-5.8.0.dist-info/METADATA", "")
        .link("snap/certbot/current", "4325")
        .with("snap/certbot-dns-ovh/current/meta/snap.yaml", "")
        .with(
            "home/joe/.local/share/pipx/venvs/certbot/lib/python3.12/site-packages/certbot/__init__.py",
            "",
        );
    let all = host.installs();
    assert_eq!(
        all.iter().map(|i| i.kind).collect::<Vec<_>>(),
        [InstallKind::Package, InstallKind::Pip, InstallKind::Snap]
    );
    assert!(all[2].plugins.as_ref().unwrap().contains(&"dns-ovh".to_owned()));
    assert_eq!(all[1].version, None);
}

#[test]
fn an_unmounted_snap_is_known_by_its_file() {
    let host = Host::new()
        .with("var/lib/snapd/snaps/certbot_4325.snap", "")
        .with("var/lib/snapd/snaps/certbot-dns-cloudflare_4000.snap", "")
        .link("usr/bin/certbot", "/snap/bin/certbot");
    let (kind, path, version, plugins) = host.only();
    assert_eq!((kind, version), (InstallKind::Snap, None));
    assert_eq!(path, "/var/lib/snapd/snaps/certbot_4325.snap");
    assert_eq!(plugins, "apache dns-cloudflare manual nginx null standalone webroot");
}

#[test]
fn dpkg_is_believed_where_the_folder_of_its_packages_is_not_in_the_tree() {
    let status = "Package: certbot\nStatus: install ok installed\nVersion: 2.1.0-4\n\n\
                  Package: python3-certbot-dns-ovh\nStatus: install ok installed\n";
    let host = Host::new().with("var/lib/dpkg/status", status);
    let (_, _, version, plugins) = host.only();
    assert_eq!(
        (version.as_deref(), plugins.as_str()),
        (Some("2.1.0"), "dns-ovh manual null standalone webroot")
    );
    let host = host.with("usr/lib/python3/dist-packages/six.py", "");
    assert!(host.installs().is_empty());
}

#[test]
fn a_program_without_packages_has_unknown_plugins() {
    let host = Host::new().with("usr/bin/certbot", "\u{7f}ELF");
    let all = host.installs();
    assert_eq!(all.len(), 1);
    assert!(matches!(&all[0].plugins, Err(Missing { why: Why::Unclear(_), role: Role::Other, .. })));
}

#[test]
fn a_backup_of_etc_alone_says_nothing_about_programs() {
    let host = Host::new().with("etc/hostname", "x");
    assert!(installs(&Root::below(host.dir.path()).unwrap()).is_err());
    let host = host.with("usr/bin/true", "");
    assert!(host.installs().is_empty());
}

#[test]
fn links_in_a_circle_are_harmless() {
    let host = Host::new()
        .link("opt/a", "b")
        .link("opt/b", "a")
        .link("opt/c/lib/python3.12/site-packages", "site-packages")
        .link("usr/bin/certbot", "certbot");
    assert!(host.installs().is_empty());
}
