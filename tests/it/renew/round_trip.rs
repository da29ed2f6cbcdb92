//! What certbot made, we renew; what we renewed, certbot takes for its own.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::site::{Folders, KINDS, Site, both};
use crate::lab::run;
use crate::orders::world::{PEBBLE, Pebble, bundle};

const ALL: [&str; 5] = ["again.test", "ec.test", "rsa.test", "two.test", "z.test"];

/// The lineages: each way, each kind of key.
fn make(folders: &Folders<'_>) {
    folders.webroot("ec.test", &["--key-type", "ecdsa", "--elliptic-curve", "secp384r1"]);
    folders.webroot("rsa.test", &["--key-type", "rsa", "--rsa-key-size", "3072"]);
    folders.webroot("two.test,www.two.test", &[]);
    folders.webroot("again.test", &["--reuse-key"]);
    // The web server makes room for certbot, as people set it up. certbot takes the others first, for their names.
    let hooks = ["--pre-hook", "nginx -s stop; sleep 0.5", "--post-hook", "nginx </dev/null >/dev/null 2>&1"];
    folders.obtain("--standalone -d z.test", &hooks);
}

/// Mode and owner of each file of a version.
fn modes(folders: &Folders<'_>, name: &str, version: u64) -> Vec<(u32, u32, u32)> {
    let of = |kind: &str| {
        let path = folders.path(&format!("etc/archive/{name}/{kind}{version}.pem"));
        let meta = path.symlink_metadata().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (meta.mode(), meta.uid(), meta.gid())
    };
    KINDS.iter().map(|kind| of(kind)).collect()
}

/// Renews all lineages and looks at what that left.
fn ours(folders: &Folders<'_>, version: u64) {
    let conf = |name: &str| folders.read(&format!("etc/renewal/{name}.conf"));
    let before = ALL.map(|name| (conf(name), folders.cert(name)));
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"; 5], 0);
    for (name, (text, cert)) in ALL.into_iter().zip(before) {
        assert_eq!(folders.live(name), version, "{name}");
        assert_eq!(conf(name), text, "{name}");
        assert_eq!(modes(folders, name, version), modes(folders, name, version - 1), "{name}");
        let new = folders.cert(name);
        assert_ne!(new.serial, cert.serial, "{name}");
        assert_eq!((&new.names, new.key.to_string()), (&cert.names, cert.key.to_string()), "{name}");
        assert_eq!(new.spki_sha256 == cert.spki_sha256, name == "again.test", "{name}: its key");
        let told = report.of(name);
        assert_eq!(told["archive_version"], version, "{told:#}");
        assert_eq!(told["serial"], new.serial, "{told:#}");
    }
    assert_eq!(folders.site.tokens(), Vec::<std::path::PathBuf>::new());
    assert_eq!(folders.site.listens(), Vec::<String>::new());
}

/// What certbot says of all lineages.
fn certbots(folders: &Folders<'_>) {
    let said = folders.certbot("certificates");
    assert_eq!(said.matches("(VALID: 89 days)").count(), ALL.len(), "{said}");
    assert!(!said.contains("INVALID") && !said.contains("invalid"), "{said}");
}

#[test]
fn certbot_and_we_renew_the_same_lineages_in_turn() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    for folders in site.certbots() {
        make(&folders);
        ours(&folders, 2);
        certbots(&folders);
        let renew = format!("renew --no-random-sleep-on-renew --server {PEBBLE}");
        let said = folders.certbot(&format!("{renew} --dry-run"));
        assert_eq!(said.matches("(success)").count(), ALL.len(), "{said}");
        assert!(ALL.iter().all(|name| folders.live(name) == 2));
        let said = folders.certbot(&format!("{renew} --force-renewal"));
        assert_eq!(said.matches("(success)").count(), ALL.len(), "{said}");
        assert!(ALL.iter().all(|name| folders.live(name) == 3));
        ours(&folders, 4);
        certbots(&folders);

        folders.certbot("delete -n --cert-name two.test");
        for path in ["live/two.test", "archive/two.test", "renewal/two.test.conf"] {
            assert!(!folders.path(&format!("etc/{path}")).exists(), "{path}");
        }
        folders.renew(&["--force", "ec.test"]).assert(&["renewed"], 0);
    }
}

#[test]
fn an_account_with_an_ec_key_renews() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    for folders in site.certbots() {
        // Debian's certbot belongs to its python3.
        let python = folders.program.with_file_name("python3");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/renew/ec_account.py");
        let words = [script.to_str().expect("text"), "register", "--server", PEBBLE];
        run(folders.command(python, &words).env("REQUESTS_CA_BUNDLE", bundle()));
        folders.webroot("ec.test", &[]);
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        assert_eq!(folders.live("ec.test"), 2);
        let dry_run = format!("renew --dry-run --no-random-sleep-on-renew --server {PEBBLE}");
        let out = folders.certbot_command(&dry_run).output().expect("nsenter");
        assert!(out.status.success(), "{}", both(&out));
        folders.renew(&["--force"]).assert(&["renewed"], 0);
    }
}
