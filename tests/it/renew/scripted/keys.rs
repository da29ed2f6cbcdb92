//! Where new keys are, and where they are not: in a run that succeeds, one that fails, and one that is killed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::Value;

use super::ca::{Cas, Step, Visit};
use super::host::Host;
use crate::ca::server::Reply;
use crate::lab::{clean, skip};
use crate::renew::site::until;

fn script(visit: &Visit<'_>) -> Option<Reply> {
    match (visit.mood, visit.step) {
        ("hangs", Step::Cert) => Some(Reply::Silence),
        ("fails", Step::Cert) => Some(Reply::Dropped),
        _ => None,
    }
}

/// The program in a shell that first does this.
fn after(host: &Host<'_>, line: &str, words: &[&str]) -> Command {
    let mut shell = clean("sh");
    shell.args(["-c", &format!("{line}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_acme-audit")]);
    shell.current_dir(host.path(""));
    host.renewal_by(shell, words)
}

/// Starts one that waits for its certificate for ever.
fn hanging(host: &Host<'_>, cas: &Cas, line: &str) -> Child {
    let before = cas.asked("hangs", Step::Cert);
    let mut run = after(host, line, &["--force", "-vv", "hangs.test"]);
    let file = |name: &str| fs::File::create(host.path(name)).expect("a file");
    run.stdout(file("hangs.out")).stderr(file("hangs.err"));
    let run = run.spawn().expect("it starts");
    until("the certificate is asked for", || cas.asked("hangs", Step::Cert) > before);
    run
}

fn kill(run: &mut Child, signal: &str) -> std::process::ExitStatus {
    crate::lab::run(clean("kill").args([signal, &run.id().to_string()]));
    run.wait().expect("its end")
}

/// The files that a kernel may have written as cores.
fn cores(host: &Host<'_>) -> Vec<PathBuf> {
    let all = fs::read_dir(host.path("")).expect("the folder").flatten().map(|entry| entry.path());
    all.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")))
        .collect()
}

/// Every way in which a key of P-256 could be written: the lines of its PEM, and its scalar in three alphabets.
fn pieces(pem: &str) -> Vec<Vec<u8>> {
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("--") && !line.is_empty()).collect();
    let der = BASE64.decode(lines.concat().as_bytes()).expect("base64");
    // PKCS #8 with RFC 5915 in it: the scalar is an OCTET STRING of 32 bytes after its version.
    let at = der.windows(5).position(|bytes| bytes == [0x02, 0x01, 0x01, 0x04, 0x20]).expect("a scalar") + 5;
    let scalar = &der[at..at + 32];
    // Of three lines the last one is of the public half.
    let mut all: Vec<Vec<u8>> = lines.iter().take(2).map(|line| line.as_bytes().to_vec()).collect();
    all.push(scalar.to_vec());
    all.extend([HEXLOWER, BASE64, BASE64URL_NOPAD].map(|alphabet| alphabet.encode(scalar).into_bytes()));
    all
}

/// The files, the ones of the key apart, in which there is a piece of it.
fn found(host: &Host<'_>, pem: &str, its_own: &[PathBuf]) -> Vec<PathBuf> {
    let pieces = pieces(pem);
    let has = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        pieces.iter().any(|piece| bytes.windows(piece.len()).any(|window| window == piece.as_slice()))
    };
    let own = |path: &PathBuf| fs::canonicalize(path).is_ok_and(|path| its_own.contains(&path));
    host.files().into_iter().filter(|path| !own(path) && has(path)).collect()
}

/// The key of the order that waits for the next run, and its file, which is its owner's alone.
fn pending(host: &Host<'_>, mood: &str) -> (String, PathBuf) {
    let path = fs::canonicalize(host.pending(mood).expect("a note")).expect("its place");
    assert_eq!(path.metadata().expect("it").mode() & 0o7777, 0o600);
    let note: Value = serde_json::from_slice(&fs::read(&path).expect("it")).expect("JSON");
    (note["key"].as_str().expect("a key").to_owned(), path)
}

#[test]
fn a_new_key_is_in_its_own_file_alone() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    ["well", "fails", "hangs"].iter().for_each(|mood| host.add(mood));
    fs::create_dir(host.path("tmp")).expect("a folder");
    for (format, version) in [("text", 2), ("json", 3)] {
        let mut run =
            after(&host, "umask 000", &["--force", "-vv", "--format", format, "well.test", "fails.test"]);
        let file = |name: &str| fs::File::create(host.path(&format!("{format}.{name}"))).expect("a file");
        run.env("TMPDIR", host.path("tmp")).stdout(file("out")).stderr(file("err"));
        assert_eq!(run.status().expect("it starts").code(), Some(2));
        assert!(host.read(&format!("{format}.err")).contains("/well/new-order"), "it tells what it does");
        let key = host.path(&format!("etc/archive/well.test/privkey{version}.pem"));
        let pem = fs::read_to_string(&key).expect("a key");
        assert_eq!(found(&host, &pem, &[fs::canonicalize(key).expect("it")]), Vec::<PathBuf>::new());
        let (pem, note) = pending(&host, "fails");
        assert_eq!(found(&host, &pem, &[note]), Vec::<PathBuf>::new());
    }

    let mut run = hanging(&host, &cas, "true");
    let (pem, note) = pending(&host, "hangs");
    let seen =
        ["cmdline", "environ", "comm", "status"].map(|file| fs::read(format!("/proc/{}/{file}", run.id())));
    fs::write(host.path("seen"), seen.map(|file| file.expect("/proc")).concat()).expect("written");
    assert_eq!(kill(&mut run, "-KILL").signal(), Some(9));
    assert_eq!(found(&host, &pem, std::slice::from_ref(&note)), Vec::<PathBuf>::new());
    assert_eq!(host.live("hangs"), 1);
    host.certbot_lists_all();
}

#[test]
fn a_run_that_crashes_leaves_no_core_and_hooks_dump_as_the_caller_lets_them() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    ["well", "hangs"].iter().for_each(|mood| host.add(mood));
    let shell = |line: &str| {
        let mut shell = clean("sh");
        shell.args(["-c", line]).current_dir(host.path("")).stderr(Stdio::null());
        shell.status().expect("a shell")
    };
    let dumps = shell("ulimit -c unlimited; kill -ABRT $$").core_dumped();
    if !dumps || cores(&host).is_empty() {
        skip("needs a machine that leaves cores where a program crashes");
        return;
    }
    let forget = || cores(&host).iter().for_each(|core| fs::remove_file(core).expect("removed"));
    forget();
    for (signal, number) in [("-ABRT", 6), ("-SEGV", 11)] {
        let mut run = hanging(&host, &cas, "ulimit -c unlimited");
        if number == 11 {
            // The first one is for the handler that Rust has for overflows of the stack.
            crate::lab::run(clean("kill").args([signal, &run.id().to_string()]));
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let status = kill(&mut run, signal);
        assert_eq!((status.signal(), status.core_dumped()), (Some(number), false));
        assert_eq!((cores(&host), host.live("hangs")), (Vec::new(), 1));
    }

    let hook = format!("cd {} && ulimit -c >limit && sh -c 'kill -ABRT $$'; true", host.path("").display());
    let conf = host.path("etc/renewal/well.test.conf");
    let text = fs::read_to_string(&conf).expect("the conf");
    let with = text.replace("[renewalparams]", &format!("[renewalparams]\nrenew_hook = \"{hook}\""));
    fs::write(&conf, with).expect("written");
    let status =
        after(&host, "ulimit -c unlimited", &["--force", "-q", "well.test"]).status().expect("it starts");
    assert_eq!(status.code(), Some(0));
    assert_eq!((host.read("limit").trim(), cores(&host).len()), ("unlimited", 1));
}

#[test]
fn what_is_written_has_the_modes_of_certbot_whatever_the_umask() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    ["well", "fails"].iter().for_each(|mood| host.add(mood));
    let mode = |path: &Path| path.symlink_metadata().expect("it").permissions().mode() & 0o7777;
    let live = host.path("etc/live/well.test");
    let (of_live, of_conf) = (mode(&live), mode(&host.path("etc/renewal/well.test.conf")));
    for (umask, version, public) in [("000", 2, 0o644), ("077", 3, 0o600)] {
        let line = format!("umask {umask}");
        let status = after(&host, &line, &["--force", "-q", "well.test", "fails.test"]).status();
        assert_eq!(status.expect("it starts").code(), Some(2));
        for kind in ["cert", "chain", "fullchain", "privkey"] {
            let file = host.path(&format!("etc/archive/well.test/{kind}{version}.pem"));
            let wanted = if kind == "privkey" { 0o600 } else { public };
            assert_eq!(mode(&file), wanted, "{umask}: {}", file.display());
        }
        assert_eq!(
            (mode(&live), mode(&host.path("etc/renewal/well.test.conf"))),
            (of_live, of_conf),
            "{umask}"
        );
        // All of the state is its owner's alone.
        let mut folders = vec![host.path("state")];
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o700, "{umask}: {}", folder.display());
            for path in fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.path()) {
                match path.is_dir() {
                    true => folders.push(path),
                    false => assert_eq!(mode(&path), 0o600, "{umask}: {}", path.display()),
                }
            }
        }
        fs::remove_dir_all(host.path("state")).expect("removed");
    }
    host.certbot_lists_all();
}
