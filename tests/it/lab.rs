//! The lab: whole hosts made by real certbots against a real ACME server (Pebble).
//!
//! A host is a folder that looks like `/`. While it is being made, its folders are bound over the machine's own
//! in private mount, network and process namespaces: certbot and nginx see their true default paths and ports,
//! the CA is the only thing on the network, and nothing can reach a public one. Everything in the namespaces dies
//! with the pipe that this process holds, whatever ends it.
//!
//! `tests/run` installs the parts and says where they are (`ACME_AUDIT_LAB`, `ACME_AUDIT_LAB_PYTHON`). Without
//! it the tests that need the lab say so and pass.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::namespaces::{Namespaces, unshare};

/// The ACME directory, on the loopback of each host's own network.
const DIRECTORY: &str = "https://localhost:14000/dir";

/// Binds the folders of the host `$1` over this namespace's own.
const BIND: &str = r#"
set -eu
root=$1 ca=$2
for d in etc/letsencrypt etc/nginx var/lib/letsencrypt var/log/letsencrypt var/log/nginx var/www; do
    mkdir -p "/$d"
    mount --bind "$root/$d" "/$d"
done
mount -t tmpfs tmpfs /run
ip link set lo up
"#;

/// Starts the CA of the folder `$ca` with its DNS, which listens at `$dns` and gives names that it does not know the
/// address `$default`; `$logs` is a folder for what they say.
pub const START_CA: &str = r#"
cd "$ca"
pebble-challtestsrv -dns01 "$dns" -management 127.0.0.1:8055 -http01 '' -https01 '' -tlsalpn01 '' \
    -defaultIPv4 "$default" -defaultIPv6 '' >"$logs/challtestsrv.log" 2>&1 </dev/null &
PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 \
    pebble -config pebble.json -dnsserver "$dns" >"$logs/pebble.log" 2>&1 </dev/null &
up() { for _ in $(seq 200); do curl -s -o /dev/null "$@" && return; sleep 0.1; done; echo "no answer: $*" >&2; exit 1; }
up http://127.0.0.1:8055/
up --cacert ca.pem https://localhost:14000/dir
"#;

/// Gives names to the CA and starts nginx; then lives as long as its standard input.
const SERVE: &str = r#"
read -r pid _ </proc/self/stat
for name in s.test s2.test; do
    curl -fsS -d "{\"host\":\"$name\",\"addresses\":[\"127.0.0.2\"]}" http://127.0.0.1:8055/add-a >&2
done
nginx >&2 </dev/null
echo "ready $pid"
read -r _ || :
"#;

/// The CA for Pebble's own API, and Pebble's configuration.
const PARTS: &str = r#"
set -eu
cd "$1"
key='ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 -newkey $key -keyout ca.key -out ca.pem -days 2 -subj '/CN=acme-audit lab'
openssl req -newkey $key -keyout api.key -out api.csr -subj /CN=localhost
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >api.ext
openssl x509 -req -in api.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile api.ext -out api.pem
cat >pebble.json <<E
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
    "certificate": "api.pem", "privateKey": "api.key", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "",
    "externalAccountBindingRequired": false, "certificateValidityPeriod": 7776000}}
E
"#;

/// What every Debian 12 host has and an audit may look for. Programs are stand-ins: nothing here is ever run.
const BARE_HOST: &str = r#"
set -eu
cd "$1"
mkdir -p etc/letsencrypt/renewal-hooks/deploy etc/cron.d etc/systemd/system/timers.target.wants \
    usr/bin usr/sbin usr/lib/systemd/system usr/share/zoneinfo/Etc \
    var/lib/letsencrypt var/lib/dpkg/info var/log/letsencrypt var/log/nginx var/www/a var/www/shop var/www/n
for d in bin sbin lib; do ln -s "usr/$d" "$d"; done
for p in bin/dash bin/perl bin/python3.11 bin/curl bin/sleep bin/test bin/systemctl \
    sbin/nginx sbin/cron lib/systemd/systemd; do
    printf '#!/bin/sh\n' >"usr/$p"
    chmod 755 "usr/$p"
done
ln -s dash usr/bin/sh
ln -s python3.11 usr/bin/python3
ln -s ../lib/systemd/systemd usr/sbin/init
ln -s /usr/share/zoneinfo/Etc/UTC etc/localtime
printf 'TZif2' >usr/share/zoneinfo/Etc/UTC
cp -L /etc/os-release etc/os-release
cp -a /etc/debian_version /etc/crontab etc/
printf 'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n' >etc/passwd
printf '127.0.0.1 localhost\n' >etc/hosts
cp -a /etc/nginx etc/
for d in sites-enabled conf.d modules-enabled; do rm -rf "etc/nginx/$d"; mkdir "etc/nginx/$d"; done
dpkg-query -s nginx-common nginx-light cron >var/lib/dpkg/status

cat >etc/nginx/sites-enabled/sites <<'E'
server { listen 127.0.0.1:80; server_name a.test www.a.test api.a.test; root /var/www/a; }
server { listen 127.0.0.1:80; server_name shop.example.org; root /var/www/shop; }
E
printf 'server {\n    listen 127.0.0.1:80;\n    server_name n.test;\n    root /var/www/n;\n}\n' >etc/nginx/sites-enabled/n.test

cd etc/letsencrypt
printf '#!/bin/sh\nnginx -s reload\n' >renewal-hooks/deploy/reload-nginx
cat >dns-add <<'E'
#!/bin/sh
curl -fsS -d "{\"host\":\"_acme-challenge.$CERTBOT_DOMAIN.\",\"value\":\"$CERTBOT_VALIDATION\"}" http://127.0.0.1:8055/set-txt
E
cat >dns-remove <<'E'
#!/bin/sh
curl -fsS -d "{\"host\":\"_acme-challenge.$CERTBOT_DOMAIN.\"}" http://127.0.0.1:8055/clear-txt
E
chmod 755 renewal-hooks/deploy/reload-nginx dns-add dns-remove
"#;

/// Debian's certbot as its packages install it: program, metadata, timer and cron file.
const DEBIAN_CERTBOT: &str = r#"
set -eu
cd "$1"
packages='certbot python3-certbot python3-certbot-nginx'
dpkg -L $packages |
    grep -E '^/(etc|lib/systemd|usr/lib/systemd|usr/bin)/|[.](egg|dist)-info/|/certbot(_nginx)?/__init__[.]py$' |
    while read -r f; do if [ -f "$f" ]; then cp -a --parents "$f" .; fi; done
dpkg-query -s $packages >>var/lib/dpkg/status
for p in $packages; do cp -a "/var/lib/dpkg/info/$p.list" var/lib/dpkg/info/; done
ln -sf /lib/systemd/system/certbot.timer etc/systemd/system/timers.target.wants/certbot.timer
"#;

/// A newer certbot as its makers tell people to install it with pip: a venv in /opt/certbot and a line in
/// /etc/crontab (<https://certbot.eff.org/instructions?ws=nginx&os=pip>).
const PIP_CERTBOT: &str = r#"
set -eu
cd "$1"
site=$("$3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
to=opt/certbot/lib/$(basename "$(dirname "$site")")/site-packages
mkdir -p opt/certbot/bin "$to"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n' >opt/certbot/pyvenv.cfg
ln -s /usr/bin/python3 opt/certbot/bin/python3
sed '1s,.*,#!/opt/certbot/bin/python3,' "$(dirname "$3")/certbot" >opt/certbot/bin/certbot
chmod 755 opt/certbot/bin/certbot
cp -a "$site"/*.dist-info "$to"
for p in certbot certbot_nginx; do mkdir "$to/$p" && cp -a "$site/$p/__init__.py" "$to/$p/"; done
ln -s /opt/certbot/bin/certbot usr/bin/certbot
echo '0 0,12 * * * root sleep 2345 && certbot renew -q' >>etc/crontab
"#;

/// TLS sites for what certbot's nginx plugin did not set up itself.
const TLS_SITES: &str = r#"
set -eu
for s in 'a.test:a.test www.a.test' 'shop.example.org:shop.example.org' 's.test:s.test s2.test' 'wild.test:wild.test *.wild.test'; do
    live=/etc/letsencrypt/live/${s%%:*}
    printf 'server {\n    listen 127.0.0.1:443 ssl;\n    server_name %s;\n    ssl_certificate %s/fullchain.pem;\n    ssl_certificate_key %s/privkey.pem;\n}\n' \
        "${s#*:}" "$live" "$live"
done >/etc/nginx/sites-enabled/tls
nginx -s reload
"#;

/// Moves the lineage a.test-0001 from one configuration folder to another.
const MOVE_TWIN: &str = r#"
set -eu
mkdir -p "$2/live" "$2/archive" "$2/renewal"
for f in live/a.test-0001 archive/a.test-0001 renewal/a.test-0001.conf; do mv "$1/$f" "$2/$f"; done
"#;

/// The certbots of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certbot {
    /// Debian's package, scheduled by its timer and its cron file.
    Debian,
    /// The newest from PyPI, scheduled by a line of /etc/crontab.
    Pip,
}

impl Certbot {
    pub fn word(self) -> &'static str {
        match self {
            Certbot::Debian => "debian",
            Certbot::Pip => "pip",
        }
    }
}

/// Where the parts are.
pub struct Lab {
    dir: PathBuf,
    python: PathBuf,
    /// The folder of this test run: its CA, its hosts, its notes.
    run: PathBuf,
}

/// The lab, or `None` after a word to standard error that this test is skipped.
pub fn lab() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    let lab = LAB.get_or_init(|| {
        let (dir, python) = (std::env::var_os("ACME_AUDIT_LAB")?, std::env::var_os("ACME_AUDIT_LAB_PYTHON")?);
        Some(Lab::open(PathBuf::from(dir), PathBuf::from(python)))
    });
    if lab.is_none() {
        skip("needs the lab of tests/run");
    }
    lab.as_ref()
}

/// Says that the calling test does less than it should, and why; `tests/run` counts the lines.
pub fn skip(why: &str) {
    // Not eprintln!, which cargo test would keep to itself.
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "skipped: {test}: {why}").expect("standard error");
}

impl Lab {
    /// nextest runs each test in a process of its own: those of one run share a folder.
    fn open(dir: PathBuf, python: PathBuf) -> Lab {
        let runs = dir.join("hosts");
        let id = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
        let run = runs.join(id);
        fs::create_dir_all(&run).expect("the lab's folder");
        forget_old_runs(&runs);
        let lab = Lab { dir, python, run };
        lab.once("ca", |dir| sh(PARTS, [dir]));
        lab
    }

    /// The folder of the CA.
    pub fn ca(&self) -> PathBuf {
        self.run.join("ca")
    }

    /// A program or folder that `tests/run` put aside for the tests.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.dir.join("tools").join(name)
    }

    /// The certbots that are here.
    pub fn certbots(&self) -> Vec<PathBuf> {
        let all = [PathBuf::from("/usr/bin/certbot"), self.python.with_file_name("certbot")];
        all.into_iter().filter(|program| program.exists()).collect()
    }

    /// Runs `make` unless a process of this test run has done so, or tried; others wait.
    fn once(&self, name: &str, make: impl FnOnce(&Path)) {
        let lock = File::create(self.run.join(format!("{name}.lock"))).expect("a lock file");
        lock.lock().expect("the lock");
        let (dir, made) = (self.run.join(name), self.run.join(format!("{name}.made")));
        if !made.exists() {
            assert!(!dir.exists(), "{name} could not be made: see the first test that failed");
            fs::create_dir_all(&dir).expect("a folder");
            make(&dir);
            File::create(made).expect("a marker");
        }
    }

    /// The hosts of both certbots, as they were made. Not to be changed: see [`Host::copy`].
    pub fn hosts(&'static self) -> [Host; 2] {
        let hosts = [Certbot::Debian, Certbot::Pip].map(|certbot| self.at(certbot, &self.run.join("made")));
        self.once("made", |_| {
            thread::scope(|scope| hosts.iter().for_each(|host| drop(scope.spawn(|| make(host)))));
        });
        hosts
    }

    fn at(&'static self, certbot: Certbot, dir: &Path) -> Host {
        Host { lab: self, certbot, root: dir.join(certbot.word()).join("root"), _dir: None }
    }

    /// Notes what certbot itself says of a fault; `tests/run` sums it up.
    pub fn note(&self, line: &str) {
        let mut notes =
            File::options().create(true).append(true).open(self.run.join("peer.txt")).expect("the notes");
        writeln!(notes, "{line}").expect("the notes");
    }
}

fn forget_old_runs(runs: &Path) {
    let hour = Duration::from_secs(3600);
    for run in fs::read_dir(runs).expect("the runs").flatten() {
        let age = run
            .metadata()
            .and_then(|m| m.modified())
            .ok()
            .and_then(|t| SystemTime::now().duration_since(t).ok());
        if age.is_some_and(|age| age > hour) {
            let _ = fs::remove_dir_all(run.path());
        }
    }
}

/// A folder that looks like the `/` of a host with certbot.
pub struct Host {
    lab: &'static Lab,
    pub certbot: Certbot,
    pub root: PathBuf,
    /// Removes a copy at its end.
    _dir: Option<tempfile::TempDir>,
}

impl Host {
    /// A copy to break.
    pub fn copy(&self) -> Host {
        let dir = tempfile::tempdir_in(&self.lab.run).expect("a folder");
        run(Command::new("cp").arg("-a").arg(&self.root).arg(dir.path()));
        Host { lab: self.lab, certbot: self.certbot, root: dir.path().join("root"), _dir: Some(dir) }
    }

    /// A path on the host: `path` is as seen there, without the first slash.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(path), text).unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// Replaces text that must be there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        self.write(path, text.replace(from, to));
    }

    /// Removes the one line that starts with `key`.
    pub fn remove_line(&self, path: &str, key: &str) {
        let text = self.read(path);
        assert_eq!(text.lines().filter(|l| l.starts_with(key)).count(), 1, "{key:?} in {path}:\n{text}");
        self.write(
            path,
            text.lines().filter(|l| !l.starts_with(key)).map(|l| format!("{l}\n")).collect::<String>(),
        );
    }

    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    pub fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("the mode");
    }

    pub fn relink(&self, path: &str, target: &str) {
        self.remove(path);
        symlink(target, self.path(path)).expect("the link");
    }

    /// Every file below the root, with its mode, owner, times and content: what an audit must leave alone.
    pub fn listing(&self) -> String {
        let list = "find . -printf '%p %y %m %U:%G %s %T@ %C@ %l\\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum";
        String::from_utf8(run(Command::new("sh").args(["-c", list]).current_dir(&self.root)).stdout)
            .expect("text")
    }

    /// What the host's own certbot answers to `certbot certificates`, and its exit code.
    pub fn certificates(&self) -> (String, Option<i32>) {
        let out = unshare()
            .args(["sh", "-c", &format!("{BIND}\nshift 2\nexec \"$@\""), "sh"])
            .args([self.root.as_os_str(), self.lab.ca().as_os_str(), self.program().as_os_str()])
            .arg("certificates")
            .stdin(Stdio::null())
            .output()
            .expect("unshare");
        let text = [out.stdout, out.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), out.status.code())
    }

    fn program(&self) -> PathBuf {
        match self.certbot {
            Certbot::Debian => PathBuf::from("/usr/bin/certbot"),
            Certbot::Pip => self.lab.python.with_file_name("certbot"),
        }
    }

    /// The facts of the host as made, with what the network showed of it then.
    pub fn online(&self) -> PathBuf {
        self.root.with_file_name("online.jsonl")
    }

    fn twin(&self) -> PathBuf {
        self.lab.run.join("made").join(self.certbot.word()).join("twin")
    }

    /// Gives the copy a lineage a.test-0001, for the names of a.test and api.a.test.
    pub fn add_twin(&self) {
        let copy = tempfile::tempdir_in(&self.lab.run).expect("a folder");
        run(Command::new("cp").arg("-a").arg(self.twin()).arg(copy.path()));
        sh(MOVE_TWIN, [copy.path().join("twin"), self.path("etc/letsencrypt")]);
    }

    pub fn lab(&self) -> &'static Lab {
        self.lab
    }
}

/// Makes a host: five lineages, each renewed once, and a twin of one of them put aside.
fn make(host: &Host) {
    fs::create_dir_all(&host.root).expect("the root");
    sh(BARE_HOST, [&host.root]);
    let dress = match host.certbot {
        Certbot::Debian => DEBIAN_CERTBOT,
        Certbot::Pip => PIP_CERTBOT,
    };
    sh(dress, [&host.root, &host.lab.dir, &host.lab.python]);

    let machine = Machine::start(host);
    let obtain = |args: &str, more: &[&str]| {
        let common = "-n --agree-tos --no-eff-email -m admin@example.org --server";
        machine.certbot(&format!("{args} {common} {DIRECTORY}"), more);
    };
    obtain("certonly --webroot -w /var/www/a -d a.test,www.a.test", &["--deploy-hook", "nginx -s reload"]);
    obtain("certonly --webroot -w /var/www/shop -d shop.example.org --key-type rsa --reuse-key", &[]);
    obtain(
        "certonly --standalone --http-01-address 127.0.0.2 -d s.test,s2.test --elliptic-curve secp384r1",
        &[],
    );
    obtain(
        "certonly --manual --preferred-challenges dns --manual-auth-hook /etc/letsencrypt/dns-add \
         --manual-cleanup-hook /etc/letsencrypt/dns-remove -d wild.test,*.wild.test",
        &[],
    );
    obtain("run --nginx -d n.test --redirect", &[]);
    machine.run(Path::new("sh"), &["-c", TLS_SITES]);
    machine.certbot(&format!("renew --force-renewal --no-random-sleep-on-renew --server {DIRECTORY}"), &[]);

    // What the audit sees over the network while the CA, the name servers and the web server are there.
    let root = host.root.to_string_lossy().into_owned();
    let bundle = host.lab.ca().join("ca.pem").to_string_lossy().into_owned();
    let online =
        ["--online", "--resolver", "127.0.0.1:8053", "--allow-private-addresses", "--ca-bundle", &bundle];
    let facts = [&["facts", "--root", &root], &online[..]].concat();
    let facts = machine.run(Path::new(env!("CARGO_BIN_EXE_acme-audit")), &facts);
    fs::write(host.online(), facts.stdout).expect("the facts");

    // What happens to people who ask for one name more without --cert-name. It waits beside the root for its test.
    obtain("certonly --duplicate --webroot -w /var/www/a -d a.test,www.a.test,api.a.test", &[]);
    sh(MOVE_TWIN, [host.path("etc/letsencrypt"), host.twin()]);
}

/// The namespaces of a host while they live.
struct Machine<'a> {
    host: &'a Host,
    namespaces: Namespaces,
}

impl<'a> Machine<'a> {
    fn start(host: &'a Host) -> Machine<'a> {
        let script = format!("{BIND}dns=127.0.0.1:8053 default=127.0.0.1 logs=$root/..\n{START_CA}{SERVE}");
        let ca = host.lab.ca();
        let args = ["-c".as_ref(), script.as_ref(), OsStr::new("sh"), host.root.as_ref(), ca.as_ref()];
        let namespaces = Namespaces::start(args).unwrap_or_else(|why| panic!("{why}"));
        Machine { host, namespaces }
    }

    fn certbot(&self, words: &str, more: &[&str]) {
        let args: Vec<&str> = words.split_whitespace().chain(more.iter().copied()).collect();
        self.run(&self.host.program(), &args);
    }

    fn run(&self, program: &Path, args: &[&str]) -> Output {
        let bundle = self.host.lab.ca().join("ca.pem");
        run(self.namespaces.command(program).args(args).env("REQUESTS_CA_BUNDLE", bundle))
    }
}

/// A command that sees nothing of the caller's environment, above all no configuration of certbot's.
pub fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8");
    command
}

fn sh<S: AsRef<OsStr>, const N: usize>(script: &str, args: [S; N]) {
    run(clean("sh").args(["-c", script, "sh"]).args(args).stdin(Stdio::null()));
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Output {
    let out = command.output().unwrap_or_else(|e| panic!("{:?}: {e}", command.get_program()));
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    out
}
