//! A fixture host with a real systemd as its process 1.
//!
//! The host's folder becomes `/` in namespaces of its own; below its `usr` lies the machine's, which brings systemd. There
//! is no network but an empty loopback, `/proc/sys` and `/sys` are read-only, and everything dies with the pipe that this
//! process holds, whatever ends it. What the host writes is kept in memory: its folder stays as it was.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::lab::{clean, lab, run, skip};

/// Makes a control group for the host, so that its systemd does not touch the group of the tests; then waits for the end of
/// its standard input. `$1` is a folder for this host alone, `$2` the script INSIDE, the others are for that.
const OUTSIDE: &str = r#"
set -eu
dir=$1 inside=$2
shift 2
mkdir "$dir/cgroup"
mount -t cgroup2 cgroup2 "$dir/cgroup" || { echo 'no: cgroup2 cannot be mounted'; exit 1; }
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
group=$dir/cgroup${own%/}/acme-audit-test-$$
mkdir "$group" || { echo 'no: control groups cannot be made'; exit 1; }
init='' pid=
end() {
    trap '' EXIT INT TERM
    # unshare ends with its child, which it alone can put to rest.
    [ -z "${pid:-$init}" ] || kill -KILL "${pid:-$init}" 2>/dev/null || :
    wait
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
        [ -d "$group" ] || break
        sleep 0.1
    done
}
trap end EXIT
trap 'exit 1' INT TERM
# Who started this may have stopped listening.
trap '' PIPE
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
    unshare --mount --pid --uts --ipc --cgroup --net --fork --kill-child=KILL \
    sh -c "$inside" sh "$dir" "$@" </dev/null 2>"$dir/log" &
init=$!
for _ in $(seq 300); do
    # Gone, or about to be.
    grep -q '^State:.[^ZX]' "/proc/$init/status" 2>/dev/null || { echo 'it ended before it was up'; exit 1; }
    pid=$(tr -d ' ' <"/proc/$init/task/$init/children" 2>/dev/null) || pid=
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ] &&
        nsenter --target "$pid" --mount --uts --ipc --cgroup --net --pid --root --wd \
            systemctl --quiet is-active booted.target 2>/dev/null; then
        echo "ready $pid"
        exec >/dev/null
        # Until this process's standard input ends.
        cat
        exit
    fi
    sleep 0.1
done
echo 'it is not up after half a minute'
"#;

/// Builds `/` in memory from the host `$2` and the machine's `/usr`, and becomes systemd. `$3` is the program under test.
const INSIDE: &str = r#"
set -eu
dir=$1 host=$2 program=$3
no() { echo "no: $1"; exit 1; }
new=$dir/new
mkdir "$new" "$dir/extra" "$dir/extra/bin"
mount -t tmpfs -o mode=755 tmpfs "$new" || no 'a tmpfs cannot be mounted'
touch "$dir/extra/bin/acme-audit"
(cd "$host" && tar -cf - --exclude=./usr --exclude=./bin --exclude=./sbin --exclude=./lib --exclude=./lib64 .) | tar -C "$new" -xpf -
cd "$new"
mkdir -p usr etc var run proc sys dev tmp var/tmp root home etc/systemd/system
chmod 1777 tmp var/tmp
touch etc/.updated var/.updated
for d in bin sbin lib lib64; do ln -s "usr/$d" "$d"; done
# The machine's files hide the host's stand-ins of the same name.
lower=/usr:$dir/extra
[ ! -d "$host/usr" ] || lower=$lower:$host/usr
mount -t overlay -o "ro,lowerdir=$lower" overlay usr || no 'an overlay cannot be mounted'
[ -e usr/bin/acme-audit ] || no 'acme-audit cannot be put into /usr/bin'
mount --bind "$program" usr/bin/acme-audit
[ -e etc/machine-id ] || od -An -N16 -tx1 /dev/urandom | tr -d ' \n' | sed 's/$/\n/' >etc/machine-id
for f in ld.so.cache nsswitch.conf pam.d security; do [ -e "etc/$f" ] || [ ! -e "/etc/$f" ] || cp -a "/etc/$f" etc/; done
for f in passwd group; do
    [ -e "etc/$f" ] || printf 'root:x:0:0:root:/root:/bin/sh\n' >"etc/$f"
    # The users and groups that systemd's own services and D-Bus want.
    grep -E '^(messagebus|systemd-.*|adm|tty|disk|kmem|utmp|shadow|mail|lp|dialout|audio|video|tape|cdrom|input|kvm|render|sgx|users):' "/etc/$f" |
        while IFS= read -r line; do grep -q "^${line%%:*}:" "etc/$f" || printf '%s\n' "$line" >>"etc/$f"; done
done
mount -t proc proc proc
mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys || no 'a sysfs cannot be mounted'
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm run/systemd run/systemd/system
for n in null zero full random urandom tty; do touch "dev/$n" && mount --bind "/dev/$n" "dev/$n"; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
cat >run/systemd/system/booted.target <<'X'
[Unit]
Description=The host has booted
Requires=sysinit.target
Wants=sockets.target timers.target dbus.socket
After=sysinit.target sockets.target timers.target
X
hostname "$(cat etc/hostname 2>/dev/null || echo host)"
ip link set lo up
mkdir old
pivot_root . old
umount -l /old
rmdir /old
# Nothing in there may reach the machine's clock, modules or devices.
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=acme-audit-test \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog,-mknod \
    /lib/systemd/systemd --system --unit=booted.target --log-target=console --log-level=notice --show-status=no
"#;

/// A host that runs.
pub struct Booted {
    /// Its process 1, as this process sees it.
    pid: String,
    holder: Child,
    hold: Option<ChildStdin>,
    _dir: tempfile::TempDir,
}

impl Booted {
    /// Boots the host below `root`; `None` after a word to standard error where there is no lab or the machine refuses.
    ///
    /// What `timers.target` and `sockets.target` want is started; the rest is the caller's to start. The program under
    /// test is its `/usr/bin/acme-audit`.
    pub fn start(root: &Path) -> Option<Booted> {
        lab()?;
        let parts = ["/usr/lib/systemd/systemd", "/usr/bin/setpriv", "/usr/bin/tar"];
        if let Some(part) = parts.iter().find(|part| !Path::new(part).exists()) {
            skip(&format!("needs {part}"));
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let mut holder = clean("unshare")
            .args(["--mount", "sh", "-c", OUTSIDE, "sh"])
            .args([dir.path().as_os_str(), OsStr::new(INSIDE), root.as_os_str()])
            .arg(env!("CARGO_BIN_EXE_acme-audit"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let hold = holder.stdin.take();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let line = line.trim();
        if let Some(pid) = line.strip_prefix("ready ").map(str::to_owned) {
            return Some(Booted { pid, holder, hold, _dir: dir });
        }
        // The folder is not to go before those who still use it.
        drop(hold);
        holder.wait().expect("its end");
        let log = std::fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        let Some(why) = line.strip_prefix("no: ") else { panic!("the host did not boot: {line}\n{log}") };
        skip(&format!("needs a machine that lets a systemd run: {why}"));
        None
    }

    /// A command on the host, as root's shell would run it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = clean("nsenter");
        command
            .args(["--target", &self.pid, "--mount", "--uts", "--ipc", "--cgroup", "--net", "--pid"])
            .args(["--root", "--wd", "--", program])
            .stdin(Stdio::null());
        command
    }

    /// Runs a shell script that must succeed; its standard output.
    pub fn sh(&self, script: &str) -> String {
        let out = run(self.command("sh").args(["-euc", script]));
        String::from_utf8(out.stdout).expect("text")
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        drop(self.hold.take());
        let _ = self.holder.wait();
    }
}
