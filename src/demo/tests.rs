//! Whole hosts, built and looked at.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use tempfile::TempDir;
use x509_parser::pem::Pem;

use super::{HOST, build};

fn at() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn built(manifest: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    build(manifest, dir.path(), at()).unwrap();
    dir
}

fn refused(manifest: &str) -> String {
    let dir = TempDir::new().unwrap();
    build(manifest, dir.path(), at()).unwrap_err().to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_demo_host_is_built_and_quickly() {
    let start = Instant::now();
    let host = built(HOST);
    let took = start.elapsed();
    let live = host.path().join("etc/letsencrypt/live/shop.example");
    assert!(live.join("fullchain.pem").exists());
    assert!(took.as_secs() < 20, "{took:?}");
}

#[test]
fn a_lineage_has_certbots_files_links_and_modes() {
    let host = built("account key=p256\nlineage a.test names=a.test,*.a.test,192.0.2.1 versions=2\n");
    let le = host.path().join("etc/letsencrypt");
    for (path, wanted) in [
        ("", 0o755),
        ("live", 0o700),
        ("live/a.test", 0o755),
        ("archive", 0o700),
        ("archive/a.test", 0o755),
        ("archive/a.test/privkey1.pem", 0o600),
        ("archive/a.test/fullchain2.pem", 0o644),
        ("renewal", 0o755),
        ("renewal/a.test.conf", 0o644),
        ("renewal-hooks/deploy", 0o755),
        ("accounts/acme-v02.api.letsencrypt.org/directory", 0o700),
    ] {
        assert_eq!(mode(&le.join(path)), wanted, "{path}");
    }
    let link = fs::read_link(le.join("live/a.test/cert.pem")).unwrap();
    assert_eq!(link, Path::new("../../archive/a.test/cert2.pem"));
    let read = |kind| fs::read_to_string(le.join(format!("live/a.test/{kind}.pem"))).unwrap();
    assert_eq!(read("fullchain"), read("cert") + &read("chain"));
    assert!(read("privkey").starts_with("-----BEGIN PRIVATE KEY-----\n"));

    let pems: Vec<Pem> =
        Pem::iter_from_buffer(read("fullchain").as_bytes()).map(|pem| pem.unwrap()).collect();
    let (leaf, issuer) = (pems[0].parse_x509().unwrap(), pems[1].parse_x509().unwrap());
    leaf.verify_signature(Some(issuer.public_key())).unwrap();
    let from = leaf.validity().not_before.timestamp();
    let until = leaf.validity().not_after.timestamp();
    assert_eq!(from, at().as_second() - 30 * 86_400);
    assert_eq!(until - from, 90 * 86_400 - 1);
    let sans = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(sans.value.general_names.len(), 3);
}

#[test]
fn a_conf_looks_as_its_certbot_writes_it() {
    let host = built(
        "account key=p256\n\
         lineage new.test webroot=/srv/w last-run=-5h\n\
         lineage old.test authenticator=nginx installer=nginx certbot=2.1.0 key=rsa ca=letsencrypt\n\
         \x20 conf renew_hook = systemctl reload nginx # now\n  drop account\n",
    );
    let conf = |name| {
        let path = format!("etc/letsencrypt/renewal/{name}.conf");
        fs::read_to_string(host.path().join(path)).unwrap()
    };
    let account =
        fs::read_dir(host.path().join("etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .file_name();
    assert_eq!(
        conf("new.test"),
        format!(
            "version = 5.8.0\n\
             archive_dir = /etc/letsencrypt/archive/new.test\n\
             cert = /etc/letsencrypt/live/new.test/cert.pem\n\
             privkey = /etc/letsencrypt/live/new.test/privkey.pem\n\
             chain = /etc/letsencrypt/live/new.test/chain.pem\n\
             fullchain = /etc/letsencrypt/live/new.test/fullchain.pem\n\
             [renewalparams]\n\
             account = {}\n\
             authenticator = webroot\n\
             webroot_path = /srv/w,\n\
             server = https://acme-v02.api.letsencrypt.org/directory\n\
             key_type = ecdsa\n\
             [[webroot_map]]\n\
             new.test = /srv/w\n\
             [acme_renewal_info]\n\
             ari_retry_after = 2026-11-23T13:00:00\n",
            account.to_str().unwrap()
        )
    );
    assert_eq!(
        conf("old.test"),
        "# renew_before_expiry = 30 days\n\
         version = 2.1.0\n\
         archive_dir = /etc/letsencrypt/archive/old.test\n\
         cert = /etc/letsencrypt/live/old.test/cert.pem\n\
         privkey = /etc/letsencrypt/live/old.test/privkey.pem\n\
         chain = /etc/letsencrypt/live/old.test/chain.pem\n\
         fullchain = /etc/letsencrypt/live/old.test/fullchain.pem\n\
         \n\
         # Options used in the renewal process\n\
         [renewalparams]\n\
         authenticator = nginx\n\
         installer = nginx\n\
         server = https://acme-v02.api.letsencrypt.org/directory\n\
         key_type = rsa\n\
         renew_hook = systemctl reload nginx # now\n"
    );
}

#[test]
fn every_package_and_plugin_can_be_installed() {
    for package in
        ["debian-certbot-2.1", "debian-certbot-4.0", "pip-certbot-5.8", "snap-certbot", "rhel-certbot"]
    {
        built(&format!("packaged {package}\nplugin nginx\nplugin dns-cloudflare\n"));
        let host = built(&format!("packaged {package} unscheduled\n"));
        let wants = host.path().join("etc/systemd/system/timers.target.wants");
        assert!(!wants.exists(), "{package}");
    }
}

#[test]
fn damage_is_done_as_written() {
    let host = built(
        "file /a mode=0640 age=-2d <<END\none\ntwo {{time -1d}} {{.Go}}\nEND\n\
         replace /a :: one\\n :: 1,\n\
         copy /a -> /b\n\
         append /b <<END\nthree\nEND\n\
         crlf /b\n\
         truncate /a 2\n\
         bytes /c 00ff\n\
         link /d -> /sub/c\n\
         move /c -> /sub/c\n\
         concat /e <- /d /a\n\
         dereference /d\n\
         swap /d <-> /e\n\
         fifo /f\n",
    );
    let read = |name: &str| fs::read(host.path().join(name)).unwrap();
    assert_eq!(read("a"), b"1,");
    assert_eq!(read("b"), b"1,two 2026-11-22 12:00:00 {{.Go}}\r\nthree\r\n");
    assert_eq!(mode(&host.path().join("b")), 0o640);
    assert_eq!(read("d"), b"\x00\xff1,");
    assert_eq!(read("e"), b"\x00\xff");
    assert!(!host.path().join("e").is_symlink());
    let age = fs::metadata(host.path().join("a")).unwrap().modified().unwrap();
    let seconds = age.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(i64::try_from(seconds).unwrap(), at().as_second() - 2 * 86_400);
}

#[test]
fn versions_can_be_added_and_links_moved() {
    let host = built(
        "account key=p256\nlineage a.test versions=2\n\
         version a.test issued=-1d names=a.test,b.test unlinked\n\
         relink a.test cert=1\n",
    );
    let le = host.path().join("etc/letsencrypt");
    assert!(le.join("archive/a.test/privkey3.pem").exists());
    let target = |kind: &str| fs::read_link(le.join(format!("live/a.test/{kind}.pem"))).unwrap();
    assert!(target("cert").ends_with("cert1.pem"));
    assert!(target("chain").ends_with("chain2.pem"));
}

#[test]
fn the_log_of_a_quiet_run_is_certbots() {
    let host = built("account key=p256\nlineage a.test certbot=4.0.0\nran -5h\n");
    let path = host.path().join("var/log/letsencrypt/letsencrypt.log");
    let log = fs::read_to_string(&path).unwrap();
    let first = "2026-11-23 07:00:00,104:DEBUG:certbot._internal.main:certbot version: 4.0.0\n";
    assert!(log.starts_with(first), "{log}");
    assert!(log.contains("Processing /etc/letsencrypt/renewal/a.test.conf\n"), "{log}");
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn accounts_and_cas_are_told_apart() {
    let host = built(
        "ca corp cn=\"Corp Issuing\" server=https://ca.corp.test:9000/dir until=+10d root=/root.pem\n\
         account as=one key=p256\naccount as=two key=p256\naccount as=corp server=corp key=p384\n\
         lineage a.test account=two\nlineage b.test ca=corp\nlineage c.test account=none server=https://acme-v01.api.letsencrypt.org/directory\n",
    );
    let le = host.path().join("etc/letsencrypt");
    let conf = |name| fs::read_to_string(le.join(format!("renewal/{name}.conf"))).unwrap();
    assert!(conf("b.test").contains("server = https://ca.corp.test:9000/dir\n"));
    assert!(!conf("c.test").contains("account"));
    let id = conf("a.test").split_once("account = ").unwrap().1[..32].to_owned();
    assert!(le.join("accounts/acme-v02.api.letsencrypt.org/directory").join(id).is_dir());
    assert_eq!(fs::read_dir(le.join("accounts/ca.corp.test:9000/dir")).unwrap().count(), 1);
    let chain = fs::read(le.join("live/b.test/chain.pem")).unwrap();
    let (_, chain) = x509_parser::pem::parse_x509_pem(&chain).unwrap();
    let issuer = chain.parse_x509().unwrap();
    assert!(issuer.subject().to_string().contains("CN=Corp Issuing"));
    assert_eq!(issuer.validity().not_after.timestamp(), at().as_second() + 10 * 86_400);
    let says = refused("account as=a key=p256\naccount as=b key=p256\nlineage x");
    assert!(says.ends_with("say account=NAME"), "{says}");
}

#[test]
fn nothing_is_written_outside_the_folder() {
    for manifest in ["file /../x", "file x", "link /a/../../b -> c", "copy /a -> /../b"] {
        let says = refused(manifest);
        assert!(says.starts_with("manifest line 1: "), "{says}");
    }
    let outside = TempDir::new().unwrap();
    let target = outside.path().display();
    let host = built(&format!(
        "link /out -> {target}\nfile /out/x\nlink /up -> ../../../../../../..{target}\nfile /up/y\n\
         link /one -> {target}/z\nfile /one\nchmod 0600 /one\n"
    ));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    let inside = host.path().join(target.to_string().trim_start_matches('/'));
    for name in ["x", "y", "z"] {
        assert!(inside.join(name).is_file(), "{name}");
    }
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("precious"), "").unwrap();
    let says = build("", dir.path(), at()).unwrap_err().to_string();
    assert!(says.contains("is not empty"), "{says}");
}

#[test]
fn errors_name_the_line_and_what_is_wrong() {
    for (manifest, says) in [
        ("\nfly", "manifest line 2: no such verb: `fly`"),
        ("conf a = b", "manifest line 1: `conf` belongs under a `lineage`"),
        ("file /a <<END\nx", "manifest line 1: no line `END` ends the text"),
        ("chmod rw /a", "manifest line 1: `rw` is not an octal mode such as 0644"),
        ("remove /gone", "manifest line 1: /gone: no such file or directory (os error 2)"),
        ("file /a\nreplace /a :: b :: c", "manifest line 2: /a: has no `b` to replace"),
        (
            "lineage a.test",
            "manifest line 1: no account at https://acme-v02.api.letsencrypt.org/directory: an `account` line above makes one, account=none does without",
        ),
        ("lineage a.test colour=red", "manifest line 1: `lineage` does not know the option `colour`"),
        ("touch /a -3", "manifest line 1: `-3` is not a time span; write one like -30d, 90d, +6h or 45m"),
        ("link /a -> /a\nchmod 0644 /a/b", "manifest line 2: /a/b: too many symbolic links"),
    ] {
        assert_eq!(refused(manifest), says);
    }
}
