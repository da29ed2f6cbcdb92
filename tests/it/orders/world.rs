//! A CA in namespaces of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::web::Web;
use crate::lab::{lab, skip};
use crate::namespaces::Namespaces;

/// Pebble's directory.
pub const PEBBLE: &str = "https://localhost:14000/dir";

/// Makes the network and its name server, and starts Pebble with the variables that follow the first four arguments;
/// then lives as long as its standard input.
const UP: &str = r#"
set -eu
ca=$1 work=$2 pebble=$3 challtestsrv=$4
shift 4
read -r pid _ </proc/self/stat
ip link set lo up
dns=$("$challtestsrv" -help 2>&1 | sed -n 's/^ *\(-dnsserver\|-dns01\) .*/\1/p' | head -n 1)
doh=$("$challtestsrv" -help 2>&1 | sed -n 's/^ *-doh .*/-doh=/p')
"$challtestsrv" "$dns" 127.0.0.1:8053 -management 127.0.0.1:8055 -http01 '' -https01 '' -tlsalpn01 '' $doh \
    -defaultIPv4 127.0.0.1 -defaultIPv6 '' >"$work/challtestsrv.log" 2>&1 </dev/null &
env "$@" "$pebble" -config "$work/pebble.json" -dnsserver 127.0.0.1:8053 >"$work/ca.log" 2>&1 </dev/null &
up() { for _ in $(seq 200); do curl -s -o /dev/null "$@" && return; sleep 0.05; done; echo "no answer: $*" >&2; exit 1; }
up http://127.0.0.1:8055/
up --cacert "$ca/ca.pem" https://localhost:14000/dir
echo "ready $pid"
read -r _ || :
"#;

/// How Pebble is to be.
pub struct Pebble {
    variables: Vec<String>,
    config: Value,
    newer: bool,
}

/// A CA while it lives.
pub struct World {
    namespaces: Namespaces,
    web: Option<Web>,
    work: tempfile::TempDir,
}

impl Pebble {
    /// Debian's, which validates at once and never uses a validation again.
    pub fn new() -> Self {
        let variables = ["PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0"];
        let variables = variables.map(str::to_owned).to_vec();
        let config = json!({"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
            "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "", "externalAccountBindingRequired": false,
            "domainBlocklist": ["blocked.test"], "certificateValidityPeriod": 7_776_000,
            "retryAfter": {"authz": 1, "order": 1}});
        Self { variables, config, newer: false }
    }

    /// The newer one, if it is here.
    pub fn newer() -> Self {
        Self { newer: true, ..Self::new() }
    }

    /// With a variable, or another value of it.
    pub fn with(mut self, variable: &str) -> Self {
        self.variables.push(variable.to_owned());
        self
    }

    /// With a member of its configuration.
    pub fn set(mut self, member: &str, value: Value) -> Self {
        self.config[member] = value;
        self
    }

    /// Starts it, and a web server for it to look at; `None` after a word to standard error that this test is skipped.
    pub fn start(self) -> Option<World> {
        self.start_alone().map(|world| World::of(world.namespaces, world.work))
    }

    /// The same without the web server.
    pub fn start_alone(mut self) -> Option<World> {
        let lab = lab()?;
        let ca = lab.ca();
        let folder = if self.newer { lab.tool("pebble-newer") } else { PathBuf::from("/usr/bin") };
        let programs = ["pebble", "pebble-challtestsrv"].map(|program| folder.join(program));
        if let Some(missing) = programs.iter().find(|program| !program.exists()) {
            skip(&format!("needs {}", missing.display()));
            return None;
        }
        for (member, file) in [("certificate", "api.pem"), ("privateKey", "api.key")] {
            self.config[member] = json!(ca.join(file));
        }
        let work = tempfile::tempdir().expect("a folder");
        let config = json!({"pebble": self.config}).to_string();
        std::fs::write(work.path().join("pebble.json"), config).expect("written");
        let mut args: Vec<&OsStr> =
            vec!["-c".as_ref(), UP.as_ref(), "sh".as_ref(), ca.as_ref(), work.path().as_ref()];
        args.extend(programs.iter().map(|program| program.as_os_str()));
        args.extend(self.variables.iter().map(OsStr::new));
        match Namespaces::start(args) {
            Ok(namespaces) => Some(World::without_web(namespaces, work)),
            Err(why) => {
                skip(&why);
                None
            }
        }
    }
}

impl World {
    /// Namespaces with a CA, whose log is in a folder, and a web server for it to look at.
    pub fn of(namespaces: Namespaces, work: tempfile::TempDir) -> Self {
        let web = namespaces.thread(Web::start).join().expect("a web server");
        Self { web: Some(web), ..Self::without_web(namespaces, work) }
    }

    /// The same without a web server.
    pub fn without_web(namespaces: Namespaces, work: tempfile::TempDir) -> Self {
        Self { namespaces, web: None, work }
    }

    /// Runs a test in its network.
    pub fn run<F: Future<Output = ()>>(&self, test: impl FnOnce(Web) -> F + Send + 'static) {
        let web = self.web.clone().expect("a web server");
        let thread = self.namespaces.thread(move || {
            Runtime::new().expect("a runtime").block_on(test(web));
        });
        if let Err(panic) = thread.join() {
            eprintln!("{}", self.log());
            std::panic::resume_unwind(panic);
        }
    }

    /// What this makes in a thread in its network.
    pub fn within<T: Send + 'static>(&self, make: impl FnOnce() -> T + Send + 'static) -> T {
        self.namespaces.thread(make).join().expect("it is made")
    }

    /// A command in its namespaces.
    pub fn command(&self, program: impl AsRef<OsStr>) -> std::process::Command {
        self.namespaces.command(program)
    }

    /// A folder of its own.
    pub fn work(&self) -> &Path {
        self.work.path()
    }

    /// What the CA wrote.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.work().join("ca.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

/// The CA certificate of the servers.
pub fn bundle() -> PathBuf {
    lab().expect("the lab").ca().join("ca.pem")
}
