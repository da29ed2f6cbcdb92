//! Any file may be truncated, binary, huge, a FIFO, a folder, a looping link or gone: nothing panics, hangs or is
//! passed over in silence.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::program::Host;

const HOST: &str = r#"
packaged debian-certbot-2.1
packaged debian-nginx
plugin nginx
account as=main server=letsencrypt key=p256
lineage example.com certbot=2.1.0 authenticator=nginx installer=nginx versions=2
nginx-site example.com
file /etc/letsencrypt/renewal-hooks/deploy/reload mode=0755 <<END
#!/bin/sh
systemctl reload nginx
END
"#;

/// How a file is damaged.
const DAMAGES: [&str; 8] = ["empty", "half", "binary", "huge", "fifo", "folder", "loop", "gone"];

fn damage(path: &Path, how: &str) {
    let content = std::fs::read(path).unwrap_or_default();
    std::fs::remove_file(path).expect("removed");
    match how {
        "empty" => std::fs::write(path, b"").expect("written"),
        "half" => std::fs::write(path, &content[..content.len() / 2]).expect("written"),
        "binary" => {
            std::fs::write(path, (0..=255u8).cycle().take(4096).collect::<Vec<_>>()).expect("written")
        }
        "huge" => std::fs::File::create(path).and_then(|f| f.set_len(1 << 33)).expect("written"),
        "fifo" => {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).expect("made");
        }
        "folder" => std::fs::create_dir(path).expect("made"),
        "loop" => symlink(path.file_name().expect("a name"), path).expect("linked"),
        _ => {}
    }
}

/// Files whose loss decides: the report must name each of them when it is damaged.
fn must_be_named(path: &str) -> bool {
    path.contains("/renewal/")
        || path.contains("/archive/example.com/") && path.contains("2.pem")
        || path.contains("/accounts/")
}

#[test]
fn every_file_of_a_host_may_be_damaged_in_every_way() {
    let whole = Host::manifest(HOST);
    let files = files(&whole);
    assert!(files.len() > 20, "{files:?}");
    for file in &files {
        for how in DAMAGES {
            let host = whole.twin();
            damage(&host.path(file), how);
            let start = Instant::now();
            for args in [&[][..], &["facts"]] {
                let output = host.run(args);
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said);
                assert!(
                    matches!(output.status.code(), Some(0..=3)),
                    "{file} {how}: {:?} {said}",
                    output.status
                );
                assert!(!said.contains("panicked"), "{file} {how}: {said}");
                let harmless = how == "gone" && file.contains("/renewal/");
                if args.is_empty() && must_be_named(file) && !harmless {
                    let folder = Path::new(file).parent().expect("a folder").to_string_lossy().into_owned();
                    // A file of the archive may also be named by the live link that leads to it.
                    let live = folder.replace("/archive/", "/live/");
                    let named = [file, &folder, &live].iter().any(|name| said.contains(name.as_str()));
                    assert!(named && output.status.code() != Some(0), "{file} {how} is not told:\n{said}");
                }
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{file} {how} hangs");
        }
    }
}

fn files(host: &Host) -> Vec<String> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> =
        ["/etc", "/lib/systemd/system", "/var/lib/dpkg"].iter().map(|p| host.path(p)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_symlink() {
                continue;
            } else if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(host.root()).expect("inside");
                files.push(format!("/{}", inside.display()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn names_that_are_not_utf8_are_audited_and_shown_escaped() {
    let host = Host::manifest(HOST);
    let renewal = host.path("/etc/letsencrypt/renewal");
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff\x1b[31m.conf");
    std::fs::copy(renewal.join("example.com.conf"), renewal.join(odd)).expect("copied");
    std::fs::create_dir(host.path("/etc/letsencrypt/live").join(std::ffi::OsStr::from_bytes(b"orphan\xfe")))
        .expect("made");
    for args in [&[][..], &["facts"], &["--format", "json"], &["--format", "nagios"]] {
        let output = host.run(args);
        assert!(matches!(output.status.code(), Some(0..=3)));
        assert!(!output.stdout.contains(&0x1b), "{args:?} prints a control character");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        if args != ["--format", "nagios"] {
            assert!(said.contains("\\xf"), "{args:?}: {said}");
        }
    }
}

#[test]
fn what_we_may_not_read_is_unknown_and_exits_3() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: changing to another user needs root");
        return;
    }
    let host = Host::manifest(HOST);
    let out = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(env!("CARGO_BIN_EXE_acme-audit"))
        .args(["--at", crate::program::AT, "--root"])
        .arg(host.root())
        .output()
        .expect("setpriv starts");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(3), "{said}");
    assert!(said.contains("permission denied"), "{said}");
}

#[test]
fn a_lineage_named_like_a_command_is_quoted_where_it_is_suggested() {
    let host = Host::manifest(
        &HOST.replace("nginx-site example.com\n", "  conf autorenew = False\nnginx-site example.com\n"),
    );
    let renewal = host.path("/etc/letsencrypt/renewal");
    std::fs::rename(renewal.join("example.com.conf"), renewal.join("x$(reboot)`id`.conf")).expect("renamed");
    let shown = host.shown(&[]);
    let conf = "'/etc/letsencrypt/renewal/x$(reboot)`id`.conf'";
    assert!(shown.contains(conf), "{shown}");
    for command in shown.lines().filter_map(|line| line.trim_start().strip_prefix("$ ")) {
        assert!(!command.replace(conf, "").replace("'x$(reboot)`id`'", "").contains("$("), "{command}");
    }
}
