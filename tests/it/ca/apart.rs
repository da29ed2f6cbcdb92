//! A network of a test's own, in which the scripted server stands where Let's Encrypt's is: nothing leads out of it.

use std::path::Path;
use std::process::Command;

use super::server::{Reply, Request, Server};
use crate::lab::{lab, run};
use crate::namespaces::Namespaces;

/// Its name.
pub const NAME: &str = "acme-v02.api.letsencrypt.org";

/// Puts the names of `$1` over this machine's, and lives as long as its standard input.
const UP: &str = r#"
set -eu
ip link set lo up
mount --bind "$1" /etc/hosts
read -r pid _ </proc/self/stat
echo "ready $pid"
read -r _ || :
"#;

/// The network while it lives.
pub struct Apart {
    namespaces: Namespaces,
    pub server: Server,
    _names: tempfile::NamedTempFile,
}

/// Starts it; `None` after a word to standard error where the lab is missing.
pub fn apart(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Option<Apart> {
    lab()?;
    let names = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(names.path(), format!("127.0.0.1 localhost {NAME}\n")).expect("written");
    let file = names.path().to_str().expect("a plain path");
    let namespaces = Namespaces::start(["-c", UP, "sh", file]).expect("namespaces");
    let server = namespaces.thread(|| Server::start_as(NAME, 443, script)).join().expect("a server");
    Some(Apart { namespaces, server, _names: names })
}

impl Apart {
    /// A command in it.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.namespaces.command(program)
    }

    /// Puts certbot's folders, and the web roots, of a host over this machine's, there alone.
    pub fn bind(&self, root: &Path) {
        let script = r#"for d in etc/letsencrypt var/lib/letsencrypt var/log/letsencrypt var/www; do
            umount "/$d" 2>/dev/null # an earlier host's
            mkdir -p "$1/$d" "/$d" && mount --bind "$1/$d" "/$d" || exit 1
        done"#;
        run(self.command("sh").args(["-c", script, "sh"]).arg(root));
    }
}
