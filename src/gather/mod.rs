//! Read-only look-ups that fill the facts. Nothing here judges or writes, and nothing is executed on a live
//! host but one question to the running systemd (`systemctl show`), and the test of a running server's configuration
//! that certbot itself makes first (`nginx -t`).

mod acts;
pub mod certbot;
mod firewall;
pub mod fs;
pub mod installs;
mod life;
mod names;
pub mod net;
mod own;
pub mod schedule;
pub mod secrets;
pub mod sockets;
pub mod webserver;
pub mod x509;
mod zone;

use std::path::PathBuf;

use jiff::Timestamp;

pub use self::acts::starts;
use crate::calendar::zone::of_host;
use crate::facts::{Dirs, Fact, HostFacts, Lineage, Missing, Role, Terms};
use fs::{Root, show};
pub use zone::zone;

/// The schema's name in the first line of the facts.
pub const SCHEMA: &str = "acme-audit.facts/1";

/// What to look at.
#[derive(Debug)]
pub struct Request {
    /// The running host, or one below a folder.
    pub root: Root,
    /// certbot's `--config-dir`.
    pub config_dir: PathBuf,
    /// certbot's `--work-dir`.
    pub work_dir: PathBuf,
    /// certbot's `--logs-dir`.
    pub logs_dir: PathBuf,
    /// The time to judge as of.
    pub now: Timestamp,
}

/// The host's facts, and the lineages that can now be read one at a time.
#[derive(Debug)]
pub struct Host {
    /// The facts that were gathered once.
    pub facts: HostFacts,
    /// The confs in `renewal/`, sorted by name.
    pub confs: Vec<fs::Entry>,
    request: Request,
    programs: certbot::Programs,
}

/// Looks at everything that is not particular to one lineage.
pub fn host(request: Request) -> Host {
    let (root, config) = (&request.root, &request.config_dir);
    let (renewal, confs) = match certbot::folders(root, config) {
        Ok(folders) => (Ok(folders.renewal), folders.confs),
        Err(missing) => (Err(missing), Vec::new()),
    };
    let os = installs::os(root);
    let orphans = match &renewal {
        Ok(_) => certbot::orphans(root, config, &confs),
        Err(missing) => Err(missing.clone()),
    };
    let cli_ini = certbot::cli_ini(root);
    let mut triggers = schedule::triggers(root, &os, config);
    let scope = schedule::Scope { root, config, cli_ini: &cli_ini, confs: &confs };
    triggers.iter_mut().flatten().for_each(|trigger| scope.settle(trigger));
    let (logs, log) =
        life::log(root, &life::log_folders(&request.logs_dir, scope.ini("logs-dir"), &triggers));
    let zone = zone(root);
    let of_host = zone.as_ref().map(of_host).map_err(Clone::clone);
    let hooks = certbot::hooks(root, config);
    let beside = schedule::beside(root);
    let before = Some(acts::before(root, &cli_ini, &triggers, &hooks, &beside));
    let facts = HostFacts {
        schema: SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        host: host_name(root),
        now: request.now,
        gathered_at: Timestamp::now(),
        terms: Terms::default(),
        logged: of_host.and_then(|zone| certbot::failures(root, &logs, config, &zone)),
        zone,
        alive: life::alive(root),
        log,
        live: root.is_live(),
        dirs: Dirs { config: show(config), work: show(&request.work_dir), logs: show(&logs) },
        renewal,
        orphans,
        accounts: certbot::accounts(root, config),
        hooks,
        hook_programs: schedule::hook_programs(root, &cli_ini, &triggers),
        cli_ini,
        installs: installs::installs(root),
        triggers,
        before,
        beside,
        servers: webserver::servers(root, config),
        filters: firewall::filters(root),
        locked_by: root.is_live().then(|| lock_holder(&request)),
        own: own::own(root),
        plans: Default::default(),
        given_options: Default::default(),
        os,
    };
    Host { facts, confs, request, programs: certbot::Programs::default() }
}

impl Host {
    /// The file system that is looked at.
    pub fn root(&self) -> &Root {
        &self.request.root
    }

    /// Has the running servers test their configurations, as certbot's plugins do; they may look names up for it.
    pub fn test_servers(&mut self) {
        self.facts.servers.tests = webserver::test(&self.request.root, &self.facts.installs);
    }

    /// Reads the lineage at a place in [`Host::confs`].
    pub fn lineage(&self, at: usize) -> Option<Lineage> {
        let reader = certbot::Reader {
            root: &self.request.root,
            config: &self.request.config_dir,
            programs: &self.programs,
        };
        self.confs.get(at).map(|conf| certbot::lineage(reader, conf))
    }
}

fn host_name(root: &Root) -> String {
    if root.is_live() {
        return rustix::system::uname().nodename().to_string_lossy().into_owned();
    }
    let name = root.read_text("/etc/hostname".as_ref(), 1024, Role::Other).unwrap_or_default();
    name.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// The process that holds certbot's lock on its configuration folder; asking does not take it.
fn lock_holder(request: &Request) -> Fact<Option<u32>> {
    let path = request.config_dir.join(".certbot.lock");
    let missing = |e: rustix::io::Errno| {
        Missing::new(show(&path), crate::facts::Why::Io(std::io::Error::from(e).to_string()), Role::Other)
    };
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC | rustix::fs::OFlags::NONBLOCK;
    let fd = match rustix::fs::open(&path, flags, rustix::fs::Mode::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(e) => return Err(missing(e)),
    };
    match crate::install::holder(&fd) {
        Ok(holder) => Ok(holder.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0)),
        Err(e) => Err(missing(rustix::io::Errno::from_io_error(&e).unwrap_or(rustix::io::Errno::IO))),
    }
}
