//! A world for the network checks: real name servers, a real validating resolver, real web servers and firewalls.
//!
//! It lies in namespaces of its own, in which addresses that look public are given out. What real servers cannot be made
//! to do, [`liar`] does.
//!
//! The files below `world` say who is there:
//!
//! | Place | Addresses | What it is | Files |
//! |---|---|---|---|
//! | internet | 45.45.45.1 | the root, `test`, `org` | `knot-registry.conf`, `zones` |
//! | | .11, .12 | `ns1.dns.test`, `ns2.dns.test` | `knot-one.conf`, `knot-two.conf` |
//! | | .13, .14 | a closed port, silence | `internet.nft` |
//! | | .53, .54 | the resolver, and what an office sees | `unbound.conf` |
//! | | .55 | a resolver that does not validate | `unbound-plain.conf` |
//! | | .66 | DNS and HTTP that lie | `liar` |
//! | | .67, .68 | forwarders that hold back some of it | `liar/forward.rs` |
//! | web | .80, .83, .84 | the audited host | `web.conf` |
//! | idle | .86 | another one, on which nothing listens | |
//! | beside | .85, .87, .88 | what a real certbot renews | `beside.conf` |
//! | bare | .89 | the same without a web server | |
//! | elsewhere | .90 to .95 | others' servers behind a firewall | `elsewhere.nft` |
//! | router, home | .100, 10.77.0.2 | address translation without hairpin | `router.nft` |
//!
//! Those of IPv6 end alike, below 2a0e:45::. All names are in `zones`.

mod forwarded;
mod hostile;
mod judged;
mod liar;
mod names;
mod own;
mod servers;
mod signatures;
mod smoke;
mod ways;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::lab::{lab, run, skip};
use crate::namespaces::Namespaces;
use crate::program::{AT, Host};
use liar::Liar;

/// What `up.sh` starts.
const PARTS: [&str; 8] = [
    "/usr/sbin/knotd",
    "/usr/sbin/keymgr",
    "/usr/bin/kzonesign",
    "/usr/sbin/unbound",
    "/usr/sbin/nginx",
    "/usr/sbin/nft",
    "/usr/bin/dig",
    "/usr/bin/curl",
];

/// The files of the world, and there its memory.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/net/world");

/// A host of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its middle, with the name servers.
    Internet,
    /// The audited host.
    Web,
    /// A host in the internet without any server.
    Idle,
    /// A host whose certificates a real certbot renews.
    Beside,
    /// The same without any server.
    Bare,
    /// Somebody else's server.
    Elsewhere,
    /// A host without a public address.
    Home,
}

/// Whom a program asks for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// What the CA sees too.
    Public,
    /// One with other addresses for `split.test`.
    Office,
    /// One that checks no signatures.
    Plain,
    /// A forwarder to that, which leaves signatures away.
    Stripping,
    /// A forwarder to that, which gives no answer to questions for CAA records.
    Dropping,
}

impl Resolver {
    /// Its configuration, as /etc/resolv.conf has it.
    fn file(self) -> &'static str {
        match self {
            Resolver::Public => "resolv.conf",
            Resolver::Office => "resolv-office.conf",
            Resolver::Plain => "resolv-plain.conf",
            Resolver::Stripping => "resolv-stripping.conf",
            Resolver::Dropping => "resolv-dropping.conf",
        }
    }
}

/// The world while it lives.
pub struct World {
    namespaces: Namespaces,
    /// The servers that lie.
    pub liar: Liar,
}

/// The world of this test run, or `None` after a word to standard error that this test is skipped.
pub fn world() -> Option<&'static World> {
    static WORLD: OnceLock<Result<World, String>> = OnceLock::new();
    lab()?;
    if let Some(part) = PARTS.iter().find(|part| !Path::new(part).exists()) {
        skip(&format!("needs {part}"));
        return None;
    }
    let world = WORLD.get_or_init(World::start);
    if let Err(why) = world {
        skip(&format!("needs a machine that can have a world: {why}"));
    }
    world.as_ref().ok()
}

impl World {
    /// Makes it; the reason where the machine cannot.
    fn start() -> Result<World, String> {
        let namespaces = Namespaces::start([&format!("{FILES}/up.sh"), FILES])?;
        let liar = Liar::start(&namespaces);
        Ok(World { namespaces, liar })
    }

    /// A command at a place, with the public resolver.
    pub fn command(&self, place: Place, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let name = match place {
            Place::Internet => None,
            Place::Web => Some("web"),
            Place::Idle => Some("idle"),
            Place::Beside => Some("beside"),
            Place::Bare => Some("bare"),
            Place::Elsewhere => Some("elsewhere"),
            Place::Home => Some("home"),
        };
        let Some(name) = name else { return self.namespaces.command(program) };
        let mut command = self.namespaces.command("nsenter");
        command.arg(format!("--net=/run/netns/{name}")).arg("--").arg(program);
        command
    }

    /// Runs a shell script that must succeed; its standard output.
    pub fn sh(&self, place: Place, script: &str) -> String {
        let out = run(self.command(place, "sh").args(["-euc", script]));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// A host from a manifest of `src/demo/manifest.rs`. Its resolver is the public one.
    pub fn host(&self, manifest: &str) -> Host {
        let host = Host::manifest(manifest);
        self.tell(&host, Resolver::Public);
        host
    }

    /// `acme-audit --root … --at …` with more arguments, on the audited host.
    pub fn run(&self, host: &Host, args: &[&str]) -> Output {
        self.run_at(Place::Web, Resolver::Public, host, args)
    }

    /// The same at another place and with another resolver, in /etc/resolv.conf of the machine and of the host.
    pub fn run_at(&self, place: Place, resolver: Resolver, host: &Host, args: &[&str]) -> Output {
        self.tell(host, resolver);
        let bind = r#"mount --bind "/run/lab/$1" "$(readlink -m /etc/resolv.conf)" && shift && exec "$@""#;
        self.command(place, "unshare")
            .args(["--mount", "sh", "-c", bind, "sh", resolver.file(), env!("CARGO_BIN_EXE_acme-audit")])
            .arg("--root")
            .arg(host.root())
            .args(["--at", AT, "--color", "never"])
            .args(args)
            .output()
            .expect("nsenter")
    }

    /// `acme-audit --at …` with more arguments on the running machine at a place, whose `/etc` is the host's: so what is
    /// asked of a running host alone is asked as well.
    pub fn run_live(&self, place: Place, host: &Host, args: &[&str]) -> Output {
        let bind = r#"mount --bind "$1" /etc && shift && exec "$@""#;
        self.command(place, "unshare")
            .args(["--mount", "sh", "-c", bind, "sh"])
            .arg(host.path("/etc"))
            .args([env!("CARGO_BIN_EXE_acme-audit"), "--at", AT, "--color", "never"])
            .args(args)
            .output()
            .expect("nsenter")
    }

    fn tell(&self, host: &Host, resolver: Resolver) {
        let etc = host.path("/etc");
        std::fs::create_dir_all(&etc).expect("etc");
        std::fs::copy(Path::new(FILES).join(resolver.file()), etc.join("resolv.conf")).expect("resolv.conf");
    }

    /// Serves a folder, such as a host's webroot, as `SITE.sites.example.org` on ports 80 and 443.
    ///
    /// `SITE.sites4.example.org` is the same without IPv6. Each site may be given once.
    pub fn serve(&self, site: &str, folder: &Path) {
        symlink(folder, self.path("/run/lab/www").join(site)).expect("a new site");
    }

    /// A path of the world, as this process sees it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.namespaces.path(path)
    }
}
