//! Some lineages of one certbot at one place: it makes them, and then all three rehearse them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::table::SetUp;
use crate::lab::{lab, run};
use crate::net::{Place, World};

/// Issues for whoever asks.
const ISSUING: &str = "https://ca.nic.test:14000/dir";

/// Looks at what it is asked to issue for.
const LOOKING: &str = "https://ca.nic.test:14001/dir";

/// Lineages in a configuration folder of their own.
pub struct Shard<'w> {
    pub world: &'w World,
    pub certbot: PathBuf,
    pub number: usize,
    pub set_ups: Vec<&'static SetUp>,
}

/// What one run said of each lineage: `passed`, or the causes.
pub type Said = BTreeMap<&'static str, String>;

impl Shard<'_> {
    fn at(&self) -> Place {
        self.set_ups.first().map_or(Place::Beside, |set_up| set_up.at)
    }

    fn folder(&self, of: &str) -> String {
        format!("/run/lab/beside/{}-{}", self.number, of.replace(' ', "-"))
    }

    /// A program with certbot's folders at the end of its arguments.
    fn command(&self, place: Place, program: &Path, words: &[&str]) -> Command {
        let mut command = self.world.command(place, program);
        command.args(words).args(self.folders()).env("REQUESTS_CA_BUNDLE", bundle());
        command
    }

    fn folders(&self) -> [String; 3] {
        ["config", "work", "logs"].map(|dir| format!("--{dir}-dir={}", self.folder(dir)))
    }

    /// Makes an account at the one CA and lineages at the other, on a host whose port 80 is free.
    pub fn issue(&self) {
        let common =
            format!("-n --agree-tos --no-eff-email -m admin@example.org {}", self.folders().join(" "));
        let mut lines = format!("register {common} --server {LOOKING}\n");
        for set_up in &self.set_ups {
            let SetUp { name, by, .. } = set_up;
            let names = set_up.names().join(",");
            lines += &format!("certonly {common} --server {ISSUING} --cert-name {name} {by} -d {names}\n");
        }
        let python = self.certbot.with_file_name("python3");
        let mut python = self.world.command(Place::Bare, python);
        python.args(["-c", include_str!("issue.py")]).env("REQUESTS_CA_BUNDLE", bundle());
        let piped = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut certbot = piped.spawn().expect("nsenter");
        certbot.stdin.take().expect("its input").write_all(lines.as_bytes()).expect("it reads");
        let out = certbot.wait_with_output().expect("its end");
        assert!(out.status.success(), "{}", both(&out));
        for (name, sed) in self.set_ups.iter().filter_map(|set_up| Some((set_up.name, set_up.edit?))) {
            let conf = format!("{}/renewal/{name}.conf", self.folder("config"));
            run(self.world.command(Place::Bare, "sed").args(["-i", sed, &conf]));
        }
    }

    /// `certbot renew --dry-run`.
    pub fn certbots(&self) -> (Said, String) {
        let words = ["renew", "--dry-run", "--no-random-sleep-on-renew", "--server", LOOKING];
        let out = self.command(self.at(), &self.certbot, &words).output().expect("nsenter");
        let text = both(&out);
        let line = |name: &str, end: &str| text.contains(&format!("/live/{name}/fullchain.pem ({end})"));
        let said = self.set_ups.iter().map(|set_up| {
            let end = match (line(set_up.name, "success"), line(set_up.name, "failure")) {
                (true, false) => "passed",
                (false, true) => "failed",
                _ => "not told",
            };
            (set_up.name, end.to_owned())
        });
        (said.collect(), text)
    }

    /// `acme-audit dry-run` of the same lineages without any CA.
    pub fn here(&self) -> (Said, Value) {
        self.ours("this host", &["--local"])
    }

    /// The same at the CA.
    pub fn at_the_ca(&self) -> (Said, Value) {
        self.ours("CA", &["--server", LOOKING, "--ca-bundle", &bundle().to_string_lossy()])
    }

    fn ours(&self, vantage: &str, more: &[&str]) -> (Said, Value) {
        let words = ["dry-run", "--format", "json", "--run-hooks"];
        let mut command = self.command(self.at(), Path::new(env!("CARGO_BIN_EXE_acme-audit")), &words);
        command.env_remove("REQUESTS_CA_BUNDLE").args(more);
        let out = command.arg("--state-dir").arg(self.folder(vantage)).output().expect("nsenter");
        let report: Value =
            serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&out)));
        let said = self.set_ups.iter().map(|set_up| (set_up.name, of_lineage(&report, set_up.name, vantage)));
        (said.collect(), report)
    }

    /// Whether ours made an account of its own at the CA, where it should have taken certbot's.
    pub fn has_own_account(&self) -> bool {
        self.world.path(&self.folder("CA")).join("accounts").exists()
    }
}

/// The CA certificate of the CAs' own servers.
fn bundle() -> PathBuf {
    lab().expect("the lab").ca().join("ca.pem")
}

/// What came of the names of a lineage: what the CA says, and where it was not asked, this host.
fn of_lineage(report: &Value, lineage: &str, vantage: &str) -> String {
    let all: Vec<&Value> =
        report["attempts"].as_array().expect("attempts").iter().filter(|a| a["lineage"] == lineage).collect();
    let vantage = if all.iter().any(|a| a["vantage"] == vantage) { vantage } else { "this host" };
    let own: Vec<&&Value> = all.iter().filter(|a| a["vantage"] == vantage).collect();
    if own.is_empty() {
        return "not tried".to_owned();
    }
    let failed = own.iter().filter(|a| a["ok"] != true);
    let mut ids: Vec<&str> = failed.map(|a| a["id"].as_str().unwrap_or("no cause")).collect();
    ids.dedup();
    if ids.is_empty() { "passed".to_owned() } else { ids.join(", ") }
}

fn both(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}
