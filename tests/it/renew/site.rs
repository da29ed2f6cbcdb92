//! A host with nginx on port 80 and a CA that looks at it, and the folders of certbots on it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use acme_audit::gather::x509;
use serde_json::Value;

use crate::lab::{lab, run, skip};
use crate::orders::world::{PEBBLE, Pebble, World, bundle};

/// The kinds of files of a lineage.
pub const KINDS: [&str; 4] = ["cert", "privkey", "chain", "fullchain"];

/// Gives the host a /proc, a /run and an /etc/nginx of its own, and starts nginx with the web root of the folder `$1`.
const UP: &str = r#"
set -eu
work=$1
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p "$work/www" "$work/nginx/sites"
chmod 755 "$work" "$work/www"
cat >"$work/nginx/nginx.conf" <<E
pid /run/nginx.pid; user root; error_log /run/nginx.log; events {}
http { access_log off; include /etc/nginx/sites/*.conf; }
E
cat >"$work/nginx/sites/default.conf" <<E
server { listen 80 default_server; root $work/www; }
E
mount --bind "$work/nginx" /etc/nginx
nginx </dev/null >&2
"#;

/// The host while it lives.
pub struct Site {
    pub world: World,
}

/// certbot's folders on a host, and the certbot that uses them.
pub struct Folders<'s> {
    pub site: &'s Site,
    pub program: PathBuf,
    pub dir: PathBuf,
}

/// A report of `acme-audit renew`, and the exit code.
pub struct Report {
    pub json: Value,
    pub code: Option<i32>,
}

/// A program that ends with the test.
pub struct Ends(pub Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Site {
    /// A host with this CA; `None` after a word to standard error that this test is skipped.
    pub fn start(pebble: Pebble) -> Option<Self> {
        if !Path::new("/usr/sbin/nginx").exists() {
            skip("needs nginx");
            return None;
        }
        pebble.start_alone().map(Self::around)
    }

    /// The same with a CA that is there.
    pub fn around(world: World) -> Self {
        run(world.command("sh").args(["-c", UP, "sh"]).arg(world.work()));
        Self { world }
    }

    /// A path below its work folder, which is the same path inside.
    pub fn path(&self, path: &str) -> PathBuf {
        self.world.work().join(path)
    }

    /// Fresh folders of the certbot of this distribution.
    pub fn debian(&self) -> Folders<'_> {
        self.folders(Path::new("/usr/bin/certbot"))
    }

    /// Fresh folders of each certbot.
    pub fn certbots(&self) -> Vec<Folders<'_>> {
        let all = lab().expect("the lab").certbots();
        if all.len() < 2 {
            skip("needs both certbots");
        }
        all.iter().map(|program| self.folders(program)).collect()
    }

    fn folders(&self, program: &Path) -> Folders<'_> {
        let dir = tempfile::tempdir_in(self.world.work()).expect("a folder").keep();
        Folders { site: self, program: program.to_owned(), dir }
    }

    /// How many orders the CA was asked for.
    pub fn orders(&self) -> usize {
        self.world.log().matches("POST /order-plz").count()
    }

    /// Writes a site of nginx and loads it.
    pub fn nginx(&self, name: &str, text: &str) {
        std::fs::write(self.path(&format!("nginx/sites/{name}.conf")), text).expect("written");
        run(self.world.command("nginx").args(["-s", "reload"]));
        std::thread::sleep(Duration::from_millis(300));
    }

    /// The TCP ports that something listens on, the servers' of the tests apart.
    pub fn listens(&self) -> Vec<String> {
        let out = run(self.world.command("ss").args(["-Hltn"]));
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let ports = text.lines().filter_map(|line| line.split_whitespace().nth(3)?.rsplit_once(':'));
        let ports = ports.map(|(_, port)| port.to_owned());
        let known = ["80", "443", "8081", "8053", "8055", "14000", "15000"];
        ports.filter(|port| !known.contains(&port.as_str())).collect()
    }

    /// The files in its web root.
    pub fn tokens(&self) -> Vec<PathBuf> {
        below(&self.path("www"))
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

impl Folders<'_> {
    /// A path below them.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Replaces text that must be there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        std::fs::write(self.path(path), text.replace(from, to)).expect("written");
    }

    /// A program with these folders.
    pub fn command(&self, program: impl AsRef<OsStr>, words: &[&str]) -> Command {
        let mut command = self.site.world.command(program);
        command.args(words);
        for (flag, folder) in [("--config-dir", "etc"), ("--work-dir", "lib"), ("--logs-dir", "log")] {
            command.arg(flag).arg(self.path(folder));
        }
        command
    }

    /// certbot with these words, not started yet.
    pub fn certbot_command(&self, words: &str) -> Command {
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut command = self.command(&self.program, &words);
        command.env("REQUESTS_CA_BUNDLE", bundle());
        command
    }

    /// certbot, which must succeed; what it says.
    pub fn certbot(&self, words: &str) -> String {
        both(&run(&mut self.certbot_command(words)))
    }

    /// Obtains a certificate.
    pub fn obtain(&self, words: &str, more: &[&str]) {
        let common = "certonly -n --agree-tos --no-eff-email -m admin@example.org --server";
        run(self.certbot_command(&format!("{common} {PEBBLE} {words}")).args(more));
    }

    /// Obtains one with the web root of the host.
    pub fn webroot(&self, names: &str, more: &[&str]) {
        self.obtain(&format!("--webroot -w {} -d {names}", self.site.path("www").display()), more);
    }

    /// `acme-audit renew`, not started yet.
    pub fn renewal(&self, words: &[&str]) -> Command {
        self.ours("renew", words)
    }

    /// What an audit of these lineages says.
    pub fn audit(&self, words: &[&str]) -> Value {
        let out = self.ours("audit", &["--format", "json"]).args(words).output().expect("nsenter");
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&out)))
    }

    /// What a dry run at the CA says, and its exit code.
    pub fn dry_run(&self) -> (String, Option<i32>) {
        let out = self.ours("dry-run", &["--server", PEBBLE]).output().expect("nsenter");
        (both(&out), out.status.code())
    }

    fn ours(&self, verb: &str, words: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_acme-audit"), &[verb]);
        command.args(["--resolver", "127.0.0.1:8053", "--allow-private-addresses", "--color", "never"]);
        command.arg("--ca-bundle").arg(bundle()).arg("--state-dir").arg(self.path("state")).args(words);
        command
    }

    /// Its report.
    pub fn renew(&self, words: &[&str]) -> Report {
        let out = self.renewal(&["--format", "json"]).args(words).output().expect("nsenter");
        let json = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&out)));
        Report { json, code: out.status.code() }
    }

    /// Its report for people with its errors, and its exit code.
    pub fn told(&self, words: &[&str]) -> (String, Option<i32>) {
        let out = self.renewal(words).output().expect("nsenter");
        (both(&out), out.status.code())
    }

    /// The version of a lineage that is live, whole and as certbot lays it out; panics otherwise.
    pub fn live(&self, name: &str) -> u64 {
        whole(&self.path("etc"), name)
    }

    /// The certificate that is live.
    pub fn cert(&self, name: &str) -> acme_audit::facts::Cert {
        let pem = self.read(&format!("etc/live/{name}/cert.pem"));
        let ders = x509::certificates(pem.as_bytes()).expect("PEM");
        x509::cert(&x509::parse(&ders[0]).expect("a certificate"))
    }

    /// A shell script that logs the variables of deploy hooks, and then does this.
    pub fn hook(&self, name: &str, lines: &str) -> String {
        let (path, log) = (self.path(name), self.path(&format!("{name}.log")));
        let line = "$RENEWED_LINEAGE $RENEWED_DOMAINS";
        let text = format!("#!/bin/sh\necho \"{line}\" >>{}\n{lines}\n", log.display());
        std::fs::write(&path, text).expect("written");
        run(crate::lab::clean("chmod").arg("755").arg(&path));
        path.to_str().expect("text").to_owned()
    }

    /// Has a lineage renewed thirty days before it expires, as old certbots do by themselves.
    pub fn soon_due(&self, name: &str) {
        self.edit(&format!("etc/renewal/{name}.conf"), "# renew_before_expiry", "renew_before_expiry");
    }

    /// What a hook was run with, each time.
    pub fn hook_log(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(&format!("{name}.log"))).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Report {
    /// The renewal of a lineage.
    pub fn of(&self, name: &str) -> &Value {
        let all = self.json["renewals"].as_array().expect("renewals");
        all.iter().find(|one| one["lineage"] == name).unwrap_or_else(|| panic!("no {name}: {:#}", self.json))
    }

    /// The outcomes, in the order of names.
    pub fn outcomes(&self) -> Vec<&str> {
        let all = self.json["renewals"].as_array().expect("renewals");
        all.iter().map(|one| one["outcome"].as_str().expect("text")).collect()
    }

    /// That these are the outcomes and this is the exit code.
    #[track_caller]
    pub fn assert(&self, outcomes: &[&str], code: i32) {
        assert_eq!((self.outcomes(), self.code), (outcomes.to_vec(), Some(code)), "{:#}", self.json);
    }
}

/// The version of a lineage below certbot's folder that is live, whole and as certbot lays it out; panics otherwise.
pub fn whole(etc: &Path, name: &str) -> u64 {
    let mut versions = Vec::new();
    let mut files = Vec::new();
    for kind in KINDS {
        let link = etc.join(format!("live/{name}/{kind}.pem"));
        let target = std::fs::read_link(&link).unwrap_or_else(|e| panic!("{}: {e}", link.display()));
        let target = target.to_str().expect("text").to_owned();
        let number = target.strip_prefix(&format!("../../archive/{name}/{kind}"));
        let number = number.and_then(|number| number.strip_suffix(".pem")?.parse::<u64>().ok());
        versions.push(number.unwrap_or_else(|| panic!("{target}")));
        files.push(std::fs::read(&link).unwrap_or_else(|e| panic!("{}: {e}", link.display())));
    }
    let [cert, key, chain, fullchain] = files.as_slice() else { panic!("four files") };
    assert_eq!(*fullchain, [cert.as_slice(), chain].concat(), "{name}: the full chain");
    let ders = x509::certificates(cert).expect("PEM");
    let leaf = x509::parse(&ders[0]).expect("a certificate");
    let spki = x509::private_key(key).expect("a key").spki_sha256;
    assert_eq!(spki, Some(x509::spki_sha256(leaf.public_key().raw)), "{name}: its key");
    assert!(versions.iter().all(|version| *version == versions[0]), "{name}: {versions:?}");
    versions[0]
}

/// What a program wrote.
pub fn both(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Waits until it is so.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
