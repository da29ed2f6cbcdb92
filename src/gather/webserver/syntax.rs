//! What a running server says of its configuration: the test that certbot's plugin makes before anything else.
//!
//! The test of a server that does not run would make its pid and log files, so it is not made then.
//! <https://nginx.org/en/docs/switches.html> <https://httpd.apache.org/docs/2.4/programs/apachectl.html>

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::facts::{ConfigTest, Fact, Install, Missing, Role, ServerKind, Why};
use crate::gather::fs::Root;
use crate::gather::secrets::mask_command;

/// How long a test may take: one with thousands of certificates loads them all, and looks its upstreams' names up.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of what it says is read, in bytes.
const MAX_SAID: u64 = 64 << 10;
/// How many lines of it are kept, and how many characters of each.
const MAX_LINES: usize = 5;
const MAX_LINE: usize = 300;

/// Where certbot finds the programs: its PATH, to which it adds what cron's lacks.
const FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Why nothing is known where a unit or a container keeps this process from what the server may do.
const SHUT_IN: &str = "this process is shut in, and its test would not see what the server does";

/// A server whose plugin makes a test.
struct Tested {
    server: ServerKind,
    plugin: &'static str,
    /// The names of its process.
    processes: &'static [&'static str],
    /// The first of these programs that there is, with these arguments.
    programs: &'static [&'static str],
    arguments: &'static [&'static str],
    /// What it says where it is content.
    content: &'static [&'static str],
}

const TESTED: [Tested; 2] = [
    Tested {
        server: ServerKind::Nginx,
        plugin: "nginx",
        processes: &["nginx"],
        programs: &["nginx"],
        arguments: &["-t"],
        content: &["syntax is ok"],
    },
    Tested {
        server: ServerKind::Apache,
        plugin: "apache",
        processes: &["apache2", "httpd"],
        programs: &["apache2ctl", "apachectl"],
        arguments: &["configtest"],
        content: &["AH00558"],
    },
];

/// Asks every server that certbot's plugins are installed for, on the running host; none below a root.
pub fn test(root: &Root, installs: &Fact<Vec<Install>>) -> Vec<ConfigTest> {
    let has = |plugin: &str| {
        installs.iter().flatten().any(|install| {
            install.plugins.as_ref().is_ok_and(|plugins| plugins.iter().any(|known| known == plugin))
        })
    };
    let of = |tested: &Tested| {
        let program = FOLDERS
            .iter()
            .flat_map(|folder| tested.programs.iter().map(move |name| format!("{folder}/{name}")))
            .find(|path| root.exists(Path::new(path)))?;
        let command = format!("{program} {}", tested.arguments.join(" "));
        let unclear = |why: &str| Missing::new(&command, Why::Unclear(why.into()), Role::Other);
        let said = if !rustix::process::geteuid().is_root() {
            Err(unclear("only root can test the configuration"))
        } else {
            match runs(tested.processes) {
                Some(true) => ask(&program, tested)
                    .ok_or("it gave no answer in time")
                    .and_then(|said| if is_of_ours(&said) { Err(SHUT_IN) } else { Ok(said) })
                    .map_err(unclear),
                Some(false) => {
                    Err(unclear("the server does not run, and its test would make its pid and log files"))
                }
                None => Err(unclear(SHUT_IN)),
            }
        };
        Some(ConfigTest { server: tested.server, said, command })
    };
    match root.is_live() {
        true => TESTED.iter().filter(|tested| has(tested.plugin)).filter_map(of).collect(),
        false => Vec::new(),
    }
}

/// Whether a process of one of these names runs, and not in a container; `None` where that cannot be told, since those that do may
/// not be looked at.
fn runs(names: &[&str]) -> Option<bool> {
    let space = |process: &Path| fs::read_link(process.join("ns/pid")).ok();
    let own = space(Path::new("/proc/self"));
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let named = entries.filter(|process| {
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        names.contains(&name.trim_end())
    });
    let spaces: Vec<_> = named.map(|process| space(&process)).collect();
    match spaces.contains(&own) {
        true => Some(true),
        false => spaces.iter().all(Option::is_some).then_some(false),
    }
}

/// Whether a complaint is of what this process alone may not write: a unit may show it the host read-only.
fn is_of_ours(said: &[String]) -> bool {
    let mounts = |process: &str| fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
    said.iter().any(|line| line.contains("Read-only file system")) && mounts("1") != mounts("self")
}

/// The complaint, empty where there is none; `None` where it did not end by itself.
fn ask(program: &str, tested: &Tested) -> Option<Vec<String>> {
    let mut child = Command::new(program)
        .args(tested.arguments)
        .env_clear()
        .envs([("PATH", FOLDERS.join(":").as_str()), ("LC_ALL", "C")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let (send, receive) = mpsc::channel();
    if let Some(out) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = out.take(MAX_SAID).read_to_end(&mut bytes);
            let _ = send.send(read.ok().map(|_| String::from_utf8_lossy(&bytes).into_owned()));
        });
    }
    let text = receive.recv_timeout(LIMIT).ok().flatten();
    if text.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().ok();
    let code = status.and_then(|status| status.code())?;
    text.map(|text| if code == 0 { Vec::new() } else { complaint(&text, code, tested) })
}

/// The lines that say what is wrong, or all of them where none is marked.
fn complaint(text: &str, code: i32, tested: &Tested) -> Vec<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let content = |line: &&str| tested.content.iter().any(|words| line.contains(words));
    let grave = |line: &&str| ["[emerg]", "[crit]", "[alert]"].iter().any(|level| line.contains(level));
    let mut said: Vec<&str> = lines().filter(grave).collect();
    if said.is_empty() {
        said = lines().filter(|line| !content(line)).collect();
    }
    let shown = |line: &&str| {
        let clean: String =
            line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_LINE).collect();
        mask_command(&clean)
    };
    match said.is_empty() {
        true => vec![format!("it ended with exit code {code}")],
        false => said.iter().take(MAX_LINES).map(shown).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_what_is_wrong_is_kept() {
        let [nginx, apache] = &TESTED;
        let text = "nginx: [warn] the \"user\" directive makes sense only for root\n\
                    nginx: [emerg] cannot load certificate \"/etc/letsencrypt/live/gone/fullchain.pem\": x\n\
                    nginx: configuration file /etc/nginx/nginx.conf test failed\n";
        let said = complaint(text, 1, nginx);
        assert!(
            matches!(said.as_slice(), [line] if line.contains("[emerg]") && line.contains("/live/gone/"))
        );
        let text = "AH00558: apache2: Could not reliably determine the server's fully qualified domain name\n\
                    AH00526: Syntax error on line 3 of /etc/apache2/sites-enabled/a.conf:\nSSLCertificateFile: x\n";
        assert_eq!(complaint(text, 1, apache).len(), 2);
        assert_eq!(complaint("", 127, apache), ["it ended with exit code 127"]);
    }

    #[test]
    fn below_a_root_nothing_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(test(&Root::below(dir.path()).unwrap(), &Ok(vec![])), []);
    }
}
