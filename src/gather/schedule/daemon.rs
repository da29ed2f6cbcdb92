//! Which cron a host has, and whether it is there and started at all.

use std::path::Path;

use super::Look;
use super::path::{has_program, is_whole, populated};
use crate::facts::{Ineffective, Role};

/// The crons, by what they do differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Debian's.
    Debian,
    /// Fedora's, SUSE's and Arch's.
    Cronie,
    /// Alpine's.
    Busybox,
    /// FreeBSD's.
    FreeBsd,
}

impl Dialect {
    /// The cron that a distribution installs, or the one that was put in its place.
    pub(super) fn of(look: &Look<'_>) -> Self {
        let os = look.os;
        let program = look.root.real_path(Path::new("/usr/sbin/crond"));
        let own_crond = program.is_some_and(|path| !path.ends_with("busybox"));
        let like =
            |id: &str| os.id.starts_with(id) || os.like.split_whitespace().any(|word| word.starts_with(id));
        match () {
            () if os.is_rhel() || like("arch") || like("suse") || like("opensuse") => Dialect::Cronie,
            () if CRONIE.iter().any(|path| look.root.exists(Path::new(path))) => Dialect::Cronie,
            // Alpine's cronie and dcron read tables of the system's too.
            () if like("alpine") && own_crond => Dialect::Cronie,
            () if like("alpine") || like("openwrt") => Dialect::Busybox,
            () if os.id == "freebsd" => Dialect::FreeBsd,
            // Of a tree that does not say what it is the strictest is assumed.
            () if os.id.is_empty() || like("debian") || like("ubuntu") => Dialect::Debian,
            () => Dialect::Cronie,
        }
    }

    /// `PATH` where no table sets it.
    pub(super) fn default_path(self, user: Option<&str>) -> &'static str {
        match self {
            // <https://manpages.debian.org/bookworm/cron/crontab.5.en.html>
            Dialect::Debian => "/usr/bin:/bin",
            Dialect::Cronie => "/usr/bin:/bin:/usr/sbin:/sbin",
            // <https://git.busybox.net/busybox/tree/include/libbb.h>
            Dialect::Busybox if user.is_none_or(|user| user == "root") => "/sbin:/usr/sbin:/bin:/usr/bin",
            Dialect::Busybox => "/bin:/usr/bin",
            Dialect::FreeBsd => "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
        }
    }

    /// Whether one wrong line takes its whole table with it.
    pub(super) fn drops_whole_tables(self) -> bool {
        self == Dialect::Debian
    }

    /// Whether `%` ends a command.
    pub(super) fn cuts_at_percent(self) -> bool {
        self != Dialect::Busybox
    }
}

/// What tells of cronie where a distribution has another cron by default.
const CRONIE: [&str; 4] =
    ["/usr/sbin/cronie", "/usr/bin/cronie", "/usr/share/doc/cronie", "/var/lib/dpkg/info/cronie.list"];
/// The programs of the usual crons. busybox, which many hosts have for their start, runs none under systemd.
const PROGRAMS: [&str; 9] =
    ["cron", "crond", "cronie", "fcron", "dcron", "bcron-start", "systemd-cron", "supercronic", "yacron"];
/// systemd-cron turns tables into timers. <https://manpages.debian.org/systemd.cron.7>
const GENERATORS: [&str; 3] = [
    "/usr/lib/systemd/system-generators/systemd-crontab-generator",
    "/lib/systemd/system-generators/systemd-crontab-generator",
    "/etc/systemd/system-generators/systemd-crontab-generator",
];
const UNITS: [&str; 4] = ["cron.service", "crond.service", "cronie.service", "cron.target"];
const UNIT_FOLDERS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// Whether systemd-cron is what runs the tables.
pub(super) fn turns_tables_into_timers(look: &Look<'_>) -> bool {
    GENERATORS.iter().any(|path| look.root.exists(Path::new(path)))
}

/// Why no table is ever looked at, where that is certain.
pub(super) fn not_started(look: &Look<'_>) -> Option<Ineffective> {
    let root = look.root;
    if turns_tables_into_timers(look) {
        return None;
    }
    let no = |why: &str| Some(Ineffective::NotStarted(why.into()));
    let programs_listed = ["/usr/sbin", "/sbin"].iter().any(|folder| populated(root, folder))
        && ["/usr/bin", "/bin"].iter().any(|folder| populated(root, folder));
    let busybox = !look.os.systemd && has_program(look, &["busybox"]);
    if programs_listed && is_whole(root) && !look.os.containers && !has_program(look, &PROGRAMS) && !busybox {
        return no("no cron daemon is installed");
    }
    match look.os.systemd {
        true => not_enabled(look),
        false => in_no_runlevel(look),
    }
}

/// A unit of cron's that nothing wants.
fn not_enabled(look: &Look<'_>) -> Option<Ineffective> {
    let root = look.root;
    let here: Vec<&str> = UNITS
        .iter()
        .copied()
        .filter(|unit| UNIT_FOLDERS.iter().any(|dir| root.lstat(&Path::new(dir).join(unit)).is_ok()))
        .collect();
    let wants_listed = populated(root, "/etc/systemd/system/multi-user.target.wants");
    let mut first = None;
    for unit in here {
        let masked = root
            .read_link(&Path::new("/etc/systemd/system").join(unit))
            .is_ok_and(|link| link.is_some_and(|to| to == Path::new("/dev/null")));
        if masked {
            first = first.or_else(|| Some(Ineffective::NotStarted(format!("{unit} is masked"))));
            continue;
        }
        let wanted = UNIT_FOLDERS.iter().any(|dir| {
            root.list_or_empty(Path::new(dir)).iter().any(|name| {
                let folder = name.to_string_lossy();
                (folder.ends_with(".wants") || folder.ends_with(".requires") || folder.ends_with(".upholds"))
                    && root.lstat(&Path::new(dir).join(name).join(unit)).is_ok()
            })
        });
        if wanted || !wants_listed || !is_installable(look, unit) {
            return None;
        }
        first = first.or_else(|| Some(Ineffective::NotStarted(format!("{unit} is not enabled"))));
    }
    first
}

/// Whether a unit starts by links alone: one without `[Install]` is started by something else.
fn is_installable(look: &Look<'_>, unit: &str) -> bool {
    UNIT_FOLDERS.iter().any(|dir| {
        let text = look.root.read_text(&Path::new(dir).join(unit), 1 << 16, Role::Other);
        text.is_ok_and(|text| text.lines().any(|line| line.trim() == "[Install]"))
    })
}

/// OpenRC without a link to cron. <https://wiki.alpinelinux.org/wiki/OpenRC>
fn in_no_runlevel(look: &Look<'_>) -> Option<Ineffective> {
    const SERVICES: [&str; 5] = ["crond", "cronie", "dcron", "fcron", "cron"];
    let levels = Path::new("/etc/runlevels");
    if look.os.id != "alpine" || !populated(look.root, "/etc/runlevels/default") {
        return None;
    }
    let started = look.root.list_or_empty(levels).iter().any(|level| {
        let services = look.root.list_or_empty(&levels.join(level));
        services.iter().any(|name| SERVICES.iter().any(|service| name == service))
    });
    (!started).then(|| Ineffective::NotStarted("crond is in no runlevel".into()))
}
