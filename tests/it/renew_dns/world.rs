//! A host with certbot's folders, a CA, and the two name servers of the zone w.test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::parts::{AUTH, BELOW, CLEANUP, ONE, TWO, UP, ZONE};
use crate::lab::{lab, run, skip};
use crate::namespaces::Namespaces;
use crate::orders::world::{PEBBLE, bundle};

/// The secret of the key that updates are signed with.
pub const SECRET: &str = "bG9uZy1zZWNyZXQtb2YtdGhlLWxhYi0xMjM0NTY3ODk=";

/// The host while it lives.
pub struct World {
    namespaces: Namespaces,
    work: tempfile::TempDir,
}

/// What a run of `acme-audit renew` said.
pub struct Report {
    pub json: Value,
    pub code: Option<i32>,
    pub errors: String,
}

impl World {
    /// With a key of this algorithm, as knot calls it; `None` after a word to standard error that this test is skipped.
    pub fn start(algorithm: &str) -> Option<Self> {
        let ca = lab()?.ca();
        for program in ["/usr/bin/pebble", "/usr/sbin/knotd", "/usr/bin/nsupdate"] {
            if !Path::new(program).exists() {
                skip(&format!("needs {program}"));
                return None;
            }
        }
        let work = tempfile::tempdir().expect("a folder");
        let at = work.path().to_str().expect("text").to_owned();
        let write = |file: &str, text: &str| {
            let text = text.replace("@127", "\u{1}").replace('@', &at).replace('\u{1}', "@127");
            std::fs::write(work.path().join(file), text).expect("written");
        };
        for folder in ["one", "two", "www"] {
            std::fs::create_dir(work.path().join(folder)).expect("a folder");
        }
        // An address of a server has an `@` of its own.
        let knot = |text: &str| text.replace("SECRET", SECRET).replace("@53", "\u{1}").replace('@', &at);
        let knot = |text: &str| knot(text).replace('\u{1}', "@53").replace("ALGORITHM", algorithm);
        std::fs::write(work.path().join("one.conf"), knot(ONE)).expect("written");
        std::fs::write(work.path().join("two.conf"), knot(TWO)).expect("written");
        std::fs::write(work.path().join("one/w.zone"), ZONE).expect("written");
        std::fs::write(work.path().join("one/below.zone"), BELOW).expect("written");
        write("key", &format!("key lab. {{ algorithm {algorithm}; secret \"{SECRET}\"; }};\n"));
        write("auth", AUTH);
        write("cleanup", CLEANUP);
        run(Command::new("chmod").arg("755").args(["auth", "cleanup"].map(|file| work.path().join(file))));
        let config = json!({"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
            "certificate": ca.join("api.pem"), "privateKey": ca.join("api.key"), "httpPort": 80, "tlsPort": 443,
            "ocspResponderURL": "", "externalAccountBindingRequired": false, "certificateValidityPeriod": 7_776_000,
            "retryAfter": {"authz": 1, "order": 1}}});
        std::fs::write(work.path().join("pebble.json"), config.to_string()).expect("written");
        let args = ["-c".as_ref(), UP.as_ref(), "sh".as_ref(), work.path().as_os_str(), ca.as_os_str()];
        match Namespaces::start(args) {
            Ok(namespaces) => Some(Self { namespaces, work }),
            Err(why) => {
                skip(&why);
                None
            }
        }
    }

    /// A path below its work folder, which is the same path inside.
    pub fn path(&self, path: &str) -> PathBuf {
        self.work.path().join(path)
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.namespaces.command(program)
    }

    fn with_folders(&self, program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Command {
        let mut command = self.command(program);
        command.args(words);
        for (flag, folder) in [("--config-dir", "etc"), ("--work-dir", "lib"), ("--logs-dir", "log")] {
            command.arg(flag).arg(self.path(folder));
        }
        command
    }

    /// The certbot of this distribution, which must succeed.
    pub fn certbot(&self, words: &[&str]) -> Output {
        self.certbot_of(Path::new("/usr/bin/certbot"), words)
    }

    fn certbot_of(&self, program: &Path, words: &[&str]) -> Output {
        let mut command = self.with_folders(program, words);
        run(command
            .args(["-n", "--no-random-sleep-on-renew"])
            .env("REQUESTS_CA_BUNDLE", bundle())
            .env("PATIENT", "1"))
    }

    /// Obtains a certificate with it.
    pub fn obtain(&self, words: &[&str]) {
        self.obtain_with(Path::new("/usr/bin/certbot"), words);
    }

    fn obtain_with(&self, program: &Path, words: &[&str]) {
        let common =
            ["certonly", "--agree-tos", "--no-eff-email", "-m", "admin@example.org", "--server", PEBBLE];
        self.certbot_of(program, &[&common, words].concat());
    }

    /// Obtains one with the hooks.
    pub fn obtain_manually(&self, challenge: &str, names: &[&str]) {
        self.obtain_manually_with(Path::new("/usr/bin/certbot"), challenge, names);
    }

    /// The same with another certbot.
    pub fn obtain_manually_with(&self, program: &Path, challenge: &str, names: &[&str]) {
        let (auth, cleanup) = (self.path("auth"), self.path("cleanup"));
        let hooks = [
            "--manual-auth-hook",
            auth.to_str().expect("text"),
            "--manual-cleanup-hook",
            cleanup.to_str().expect("text"),
        ];
        let mut words = vec!["--manual", "--preferred-challenges", challenge];
        words.extend(hooks);
        names.iter().for_each(|name| words.extend(["-d", name]));
        self.obtain_with(program, &words);
    }

    /// `acme-audit renew`, not started yet.
    pub fn renewal(&self, words: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_acme-audit");
        let mut command =
            self.with_folders(program, &["renew", "--format", "json", "--resolver", "127.0.0.1:53"]);
        command.args(["--allow-private-addresses", "--color", "never"]).args(words);
        command.arg("--ca-bundle").arg(bundle()).arg("--state-dir").arg(self.path("state"));
        command
    }

    /// `acme-audit renew`, begun.
    pub fn begin(&self, words: &[&str]) -> Running<'_> {
        let renewal = self.renewal(words);
        let program = env!("CARGO_BIN_EXE_acme-audit");
        let words: Vec<_> = renewal.get_args().skip_while(|word| *word != program).collect();
        let mut child = self.command("sh");
        child
            .args(["-c", r#"echo $$ >"$0.new"; mv "$0.new" "$0"; exec "$@""#])
            .arg(self.path("pid"))
            .args(words);
        let _ = std::fs::remove_file(self.path("pid"));
        let child = child.stdout(Stdio::piped()).spawn().expect("nsenter");
        Running { world: self, child }
    }

    /// What it comes to where it is asked to end as soon as it is so.
    pub fn interrupted(&self, is_so: impl Fn() -> bool) -> Output {
        let running = self.begin(&["--force"]);
        until("it never was so", is_so);
        running.signal("TERM");
        running.end()
    }

    /// Kills it as soon as it is so.
    pub fn killed(&self, is_so: impl Fn() -> bool) {
        let running = self.begin(&["--force"]);
        until("it never was so", is_so);
        running.signal("KILL");
        assert_eq!(running.end().status.code(), None);
    }

    /// Sends a signal to a server of the host, by the file of its number.
    pub fn send(&self, file: &str, signal: &str) {
        let pid = std::fs::read_to_string(self.path(file)).expect("its number");
        run(self.command("sh").args(["-c", "kill -\"$1\" \"$0\"", pid.trim(), signal]));
    }

    /// What is written down of what is published.
    pub fn journals(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path("state/published")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    /// All variables that the hooks were given since this was asked last; of those that differ each time, that they were there.
    pub fn variables(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("variables.log")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("variables.log"));
        let differs = ["CERTBOT_VALIDATION=", "CERTBOT_TOKEN=", "CERTBOT_AUTH_OUTPUT=made"];
        let line = |line: &str| match differs.iter().find(|start| line.starts_with(**start)) {
            Some(start) => (*start).to_owned(),
            None => line.to_owned(),
        };
        text.lines().map(line).collect()
    }

    /// Its report.
    pub fn renew(&self, words: &[&str]) -> Report {
        let out = self.renewal(words).output().expect("nsenter");
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        let json = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {errors}"));
        Report { json, code: out.status.code(), errors }
    }

    /// What the hooks were given since this was asked last.
    pub fn hooks(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("hooks.log")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("hooks.log"));
        text.lines().map(str::to_owned).collect()
    }

    /// Makes a TXT record at the first server.
    pub fn make(&self, zone: &str, name: &str, text: &str) {
        let script = format!("server 127.0.0.1\nzone {zone}\nupdate add {name} 5 TXT {text}\nsend\n");
        let file = self.path("update");
        std::fs::write(&file, script).expect("written");
        run(self.command("nsupdate").arg("-k").arg(self.path("key")).arg(file));
    }

    /// Runs a test in its network.
    pub fn run<F: Future<Output = ()>>(&self, test: impl FnOnce() -> F + Send + 'static) {
        let thread = self.namespaces.thread(move || {
            tokio::runtime::Runtime::new().expect("a runtime").block_on(test());
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }

    /// The TXT records at a name, by the first server.
    pub fn records(&self, name: &str) -> String {
        self.records_at("127.0.0.1", name)
    }

    /// The same by another one.
    pub fn records_at(&self, server: &str, name: &str) -> String {
        let out = run(self.command("dig").args(["+short", &format!("@{server}"), name, "TXT"]));
        let text = String::from_utf8(out.stdout).expect("text");
        // It says there, too, when it had to ask twice.
        text.lines().filter(|line| line.starts_with('"')).collect::<Vec<_>>().join("\n")
    }

    /// The version of a lineage that is live.
    pub fn version(&self, name: &str) -> String {
        let link = std::fs::read_link(self.path(&format!("etc/live/{name}/cert.pem"))).expect("a link");
        link.file_stem().expect("a name").to_string_lossy().into_owned()
    }
}

/// A renewal that was begun.
pub struct Running<'w> {
    world: &'w World,
    pub child: Child,
}

impl Running<'_> {
    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let file = self.world.path("pid");
        until("it starts", || file.exists());
        self.world.send("pid", name);
    }

    /// What it comes to.
    pub fn end(self) -> Output {
        self.child.wait_with_output().expect("its end")
    }
}

/// Waits until it is so.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Report {
    /// The renewal of the only lineage.
    pub fn only(&self) -> &Value {
        &self.json["renewals"][0]
    }

    #[track_caller]
    pub fn assert(&self, outcome: &str, code: i32) {
        let got = (self.only()["outcome"].as_str(), self.code);
        assert_eq!(got, (Some(outcome), Some(code)), "{:#}\n{}", self.json, self.errors);
    }
}
