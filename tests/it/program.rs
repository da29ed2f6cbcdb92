//! Runs the program as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The time of all fixture hosts.
pub const AT: &str = "2026-11-23T12:00:00Z";

/// The program with these arguments.
pub fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    run_with(args, &[])
}

/// The same with these variables set, and none of this machine's that lead elsewhere.
pub fn run_with<S: AsRef<std::ffi::OsStr>>(args: &[S], variables: &[(&str, &str)]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_acme-audit"));
    let names = ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "all_proxy", "no_proxy"];
    names.iter().chain(&["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]).for_each(|name| {
        program.env_remove(name);
    });
    program.args(args).envs(variables.iter().copied()).output().expect("the program starts")
}

/// Standard output, then standard error, then the exit code; paths of the tree are scrubbed.
pub fn shown(output: &Output, root: &Path) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    let text = text.replace(&*root.to_string_lossy(), "[ROOT]");
    format!("{text}exit {}\n", output.status.code().map_or("by signal".into(), |code| code.to_string()))
}

/// A fixture host: `tests/hosts/STORY/host.txt` built in a temporary folder.
pub struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    /// Builds the host of a story.
    pub fn story(story: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(story).join("host.txt");
        let manifest = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self::manifest(&manifest)
    }

    /// Builds a host from a manifest.
    pub fn manifest(manifest: &str) -> Self {
        Self::manifest_at(manifest, AT.parse().expect("a time"))
    }

    /// The same for another time.
    pub fn manifest_at(manifest: &str, at: jiff::Timestamp) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        acme_audit::demo::build(manifest, folder.path(), at).unwrap_or_else(|e| panic!("{e}"));
        Self { folder }
    }

    /// The same host once more, modes and links kept.
    pub fn twin(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copied = Command::new("cp").arg("-a").arg(self.root().join(".")).arg(folder.path()).status();
        assert!(copied.expect("cp starts").success());
        Self { folder }
    }

    /// The folder to give to `--root`.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path of the host on this machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// `acme-audit --root … --at …` with more arguments.
    pub fn run(&self, args: &[&str]) -> Output {
        let root = self.root().to_string_lossy().into_owned();
        let mut all = vec!["--root", root.as_str(), "--at", AT, "--color", "never"];
        all.extend_from_slice(args);
        run(&all)
    }

    /// The report for people and the exit code.
    pub fn shown(&self, args: &[&str]) -> String {
        shown(&self.run(args), self.root())
    }

    /// The report for programs.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.run(&[&["--format", "json"], args].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The ids of the findings that are not notes, in the report's order.
pub fn loud(report: &serde_json::Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    let ids = findings
        .iter()
        .filter(|f| f["severity"] != "note")
        .map(|f| f["id"].as_str().unwrap_or("?").to_owned());
    ids.collect()
}
