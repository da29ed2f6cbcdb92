//! A host whose lineages a real certbot began, each at a CA of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use serde_json::Value;

use super::ca::{Authority, Cas};
use crate::lab::{clean, lab, run};
use crate::renew::site::{KINDS, Report, both, whole};

/// The lineage and the CA that certbot itself uses.
const FIRST: &str = "first";

/// certbot's folders, and ours.
pub struct Host<'c> {
    pub cas: &'c Cas,
    dir: tempfile::TempDir,
}

/// A lineage as it was: the texts of its conf and its live files, and the names in its archive.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    conf: String,
    live: Vec<Vec<u8>>,
    archive: Vec<String>,
}

impl<'c> Host<'c> {
    /// With an account and a lineage of certbot's; `None` after a word to standard error that this test is skipped.
    pub fn start(cas: &'c Cas) -> Option<Self> {
        lab()?;
        let host = Self { cas, dir: tempfile::tempdir().expect("a folder") };
        fs::create_dir(host.path("www")).expect("a folder");
        let words = "certonly -n --agree-tos --no-eff-email -m admin@example.org --webroot -d first.test -d www.first.test";
        let mut certbot = host.certbot(words);
        certbot.arg("-w").arg(host.path("www")).arg("--server").arg(host.server(FIRST));
        run(&mut certbot);
        Some(host)
    }

    /// The directory of one of the CAs.
    pub fn server(&self, mood: &str) -> String {
        format!("{}/{mood}/directory", self.cas.server.origin)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// A lineage `MOOD.test` with two names that certbot would have made at this CA, and that is due.
    pub fn add(&self, mood: &str) {
        self.add_at(mood, mood, &format!("www.{mood}.test"));
    }

    /// A lineage `NAME.test` with another name at a CA.
    pub fn add_at(&self, name: &str, mood: &str, other: &str) {
        let (lineage, etc) = (format!("{name}.test"), self.path("etc"));
        let accounts = etc.join("accounts").join(self.cas.server.origin.trim_start_matches("https://"));
        let to = accounts.join(mood);
        if !to.exists() {
            fs::create_dir(&to).expect("a folder");
            run(clean("cp").arg("-a").arg(accounts.join(FIRST).join("directory")).arg(&to));
        }
        let conf = self.read("etc/renewal/first.test.conf").replace("www.first.test", other);
        let conf = conf.replace("first.test", &lineage);
        let conf = conf.replace(&self.server(FIRST), &self.server(mood));
        fs::write(etc.join(format!("renewal/{lineage}.conf")), conf).expect("the conf");
        let names = [lineage.clone(), other.to_owned()];
        let (chain, key) = due(&self.cas.issuer, &names);
        for folder in ["archive", "live"] {
            fs::create_dir_all(etc.join(folder).join(&lineage)).expect("a folder");
        }
        let end = "-----END CERTIFICATE-----\n";
        let at = chain.find(end).expect("a certificate") + end.len();
        for (kind, text) in KINDS.into_iter().zip([&chain[..at], &key, &chain[at..], &chain]) {
            let file = etc.join(format!("archive/{lineage}/{kind}1.pem"));
            fs::write(&file, text).expect("written");
            let mode = if kind == "privkey" { 0o600 } else { 0o644 };
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("the mode");
            let link = etc.join(format!("live/{lineage}/{kind}.pem"));
            symlink(format!("../../archive/{lineage}/{kind}1.pem"), link).expect("a link");
        }
    }

    /// Puts a parameter into the conf of a lineage.
    pub fn set(&self, mood: &str, key: &str, value: &str) {
        let file = self.path(&format!("etc/renewal/{mood}.test.conf"));
        let text = fs::read_to_string(&file).expect("the conf");
        let with = text.replace("[renewalparams]", &format!("[renewalparams]\n{key} = {value}"));
        fs::write(file, with).expect("written");
    }

    fn folders(&self, command: &mut Command) {
        for (flag, folder) in [("--config-dir", "etc"), ("--work-dir", "lib"), ("--logs-dir", "log")] {
            command.arg(flag).arg(self.path(folder));
        }
    }

    /// certbot, not started yet.
    fn certbot(&self, words: &str) -> Command {
        let mut command = clean("/usr/bin/certbot");
        command.args(words.split_whitespace()).env("REQUESTS_CA_BUNDLE", self.cas.bundle());
        self.folders(&mut command);
        command
    }

    /// What certbot says of all lineages; it must know them all, and each with a certificate that is valid.
    #[track_caller]
    pub fn certbot_lists_all(&self) {
        let said = both(&run(&mut self.certbot("certificates")));
        let all = fs::read_dir(self.path("etc/renewal")).expect("confs").count();
        assert_eq!(said.matches("(VALID: ").count(), all, "{said}");
        assert!(!said.contains("INVALID"), "{said}");
    }

    /// Has certbot renew a lineage.
    pub fn certbot_renews(&self, mood: &str) {
        let words = format!("renew --force-renewal --no-random-sleep-on-renew --cert-name {mood}.test");
        run(&mut self.certbot(&words));
    }

    /// `acme-audit renew`, not started yet.
    pub fn renewal(&self, words: &[&str]) -> Command {
        self.renewal_by(clean(env!("CARGO_BIN_EXE_acme-audit")), words)
    }

    /// The same by a program that starts it.
    pub fn renewal_by(&self, mut command: Command, words: &[&str]) -> Command {
        command.arg("renew");
        self.folders(&mut command);
        command.args([
            "--resolver",
            "127.0.0.1:9",
            "--http-port",
            "9",
            "--https-port",
            "9",
            "--color",
            "never",
        ]);
        command
            .arg("--ca-bundle")
            .arg(self.cas.bundle())
            .arg("--state-dir")
            .arg(self.path("state"))
            .args(words);
        command
    }

    /// Its report.
    pub fn renew(&self, words: &[&str]) -> Report {
        self.report(self.renewal(&["--format", "json"]), words)
    }

    /// Its report by another clock, as faketime takes it: `+2h`, or `+0 x8` for one that goes faster.
    pub fn renew_at(&self, clock: &str, words: &[&str]) -> Report {
        let mut faketime = clean("faketime");
        faketime.args(["-m", "-f", clock, env!("CARGO_BIN_EXE_acme-audit")]);
        self.report(self.renewal_by(faketime, &["--format", "json"]), words)
    }

    fn report(&self, mut command: Command, words: &[&str]) -> Report {
        let out = command.args(words).output().expect("it starts");
        let json = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&out)));
        Report { json, code: out.status.code() }
    }

    /// Its report for people with its errors, and its exit code.
    pub fn told(&self, words: &[&str]) -> (String, Option<i32>) {
        let out = self.renewal(words).output().expect("it starts");
        (both(&out), out.status.code())
    }

    /// The version of a lineage that is live and whole.
    pub fn live(&self, mood: &str) -> u64 {
        whole(&self.path("etc"), &format!("{mood}.test"))
    }

    /// A lineage as it is.
    pub fn keep(&self, mood: &str) -> Kept {
        let name = format!("{mood}.test");
        let live = KINDS.map(|kind| fs::read(self.path(&format!("etc/live/{name}/{kind}.pem"))));
        Kept {
            conf: self.read(&format!("etc/renewal/{name}.conf")),
            live: live.into_iter().map(|file| file.expect("a file")).collect(),
            archive: names(&self.path(&format!("etc/archive/{name}"))),
        }
    }

    /// The lineages as they are.
    pub fn keep_all(&self, moods: &[&str]) -> BTreeMap<String, Kept> {
        moods.iter().map(|mood| ((*mood).to_owned(), self.keep(mood))).collect()
    }

    /// That a lineage is as it was, and whole.
    #[track_caller]
    pub fn is_as_before(&self, mood: &str, before: &Kept) {
        assert_eq!(self.live(mood), 1, "{mood}");
        assert_eq!(self.keep(mood), *before, "{mood}");
    }

    /// That no journal, lock, token or half-made file is left.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        let all = below(self.dir.path());
        let left = |path: &&PathBuf| {
            let text = path.strip_prefix(self.dir.path()).expect("below").to_string_lossy();
            let is_new = text.ends_with(".new") || text.contains(".tmp");
            is_new
                || text.ends_with(".certbot.lock")
                || text.starts_with("state/installs/")
                || text.starts_with("www/")
        };
        assert_eq!(all.iter().filter(left).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    }

    /// The file of an order at a CA that is kept for the next run.
    pub fn pending(&self, mood: &str) -> Option<PathBuf> {
        let is_its =
            |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains(&self.server(mood)));
        below(&self.path("state/orders")).into_iter().find(is_its)
    }

    /// Whether there is one.
    pub fn has_pending(&self, mood: &str) -> bool {
        self.pending(mood).is_some()
    }

    /// All files.
    pub fn files(&self) -> Vec<PathBuf> {
        below(self.dir.path())
    }
}

/// What a report says of a lineage.
#[track_caller]
pub fn said<'r>(report: &'r Report, mood: &str) -> (&'r str, &'r str, &'r Value) {
    let one = report.of(&format!("{mood}.test"));
    let text = |member: &str| one[member].as_str().expect("text");
    (text("outcome"), text("because"), one)
}

/// That the lineages of these CAs have failed for the reason that has these words, and are as they were.
#[track_caller]
pub fn fail_as(host: &Host<'_>, report: &Report, all: &[(&str, &str)], before: &BTreeMap<String, Kept>) {
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|(mood, words)| {
            let (outcome, because, _) = said(report, mood);
            (outcome != "failed" || !because.contains(words)).then(|| format!("{mood}: {outcome}: {because}"))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    all.iter().for_each(|(mood, _)| host.is_as_before(mood, &before[*mood]));
}

/// A certificate that is due, with its chain, and its key.
fn due(issuer: &Authority, names: &[String]) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(names.to_vec()).expect("names");
    let now = time::OffsetDateTime::now_utc();
    params.distinguished_name = DistinguishedName::new();
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - time::Duration::days(80);
    params.not_after = now + time::Duration::days(10);
    (issuer.chain(&issuer.certifies(&params, &key)), key.serialize_pem())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut all: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() && !path.is_symlink() { below(&path) } else { vec![path] })
        .collect()
}
