//! Installs onto disks that are full, out of inodes or read-only.

use std::fs;
use std::process::Output;

use super::lineage::{Lineage, check, files, installer};
use crate::lab::skip;
use crate::namespaces::Namespaces;

/// Mounts a small file system over the folder `$1`/etc, with what is in it; `$2` are the mount options.
const MOUNT: &str = r#"
set -eu
cp -a "$1/etc" "$1/kept"
mount -t tmpfs -o "$2" tmpfs "$1/etc"
cp -a "$1/kept/." "$1/etc/"
read -r pid _ </proc/self/stat
echo "ready $pid"
read -r _ || :
"#;

/// The lineage in a mount namespace of its own.
struct Small {
    lineage: Lineage,
    namespaces: Namespaces,
}

impl Small {
    fn new(options: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            skip("needs root");
            return None;
        }
        let lineage = Lineage::new(2);
        let dir = lineage.dir.to_string_lossy().into_owned();
        match Namespaces::start(["-c", MOUNT, "sh", &dir, options]) {
            Ok(namespaces) => Some(Self { lineage, namespaces }),
            Err(why) => {
                skip(&why);
                None
            }
        }
    }

    fn sh(&self, script: &str) -> Output {
        let dir = self.lineage.dir.to_string_lossy().into_owned();
        self.namespaces.command("sh").args(["-c", script, "sh", &dir]).output().expect("sh")
    }

    fn install(&self) -> (Option<i32>, String) {
        let output =
            self.namespaces.command(installer()).args(self.lineage.install_args()).output().expect("it runs");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    }

    fn config(&self) -> std::path::PathBuf {
        self.namespaces.path(&format!("{}/etc", self.lineage.dir.display()))
    }

    /// That it failed for this reason and left all as it was.
    fn refused(&self, before: &std::collections::BTreeMap<String, u32>, reason: &str, hint: &str) {
        let (code, said) = self.install();
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(reason) && said.contains(hint), "{said}");
        assert!(
            said.contains(".certbot.lock") || said.contains("; version 2 of a.test stays in use"),
            "{said}"
        );
        assert!(said.contains("/etc/"), "the error names the file: {said}");
        assert_eq!(check(&self.config()), Ok(2), "{said}");
        assert_eq!(files(&self.config()), *before, "{said}");
    }
}

#[test]
fn on_a_full_disk_the_old_certificate_stays() {
    let Some(small) = Small::new("size=128k,mode=755") else { return };
    // tmpfs gives out pages of 4 KiB: with few enough, each of the files in turn is the one without room.
    let mut refused = 0;
    for free in 0..8 {
        let fill = format!(
            r#"cd "$1/etc" && rm -f fill && {{ dd if=/dev/zero of=fill bs=4k 2>/dev/null; truncate -s -$(({free} * 4096)) fill; }}"#
        );
        assert!(small.sh(&fill).status.success());
        let before = files(&small.config());
        if small
            .sh(&format!("test $(df --output=avail -B 4096 \"$1/etc\" | tail -n 1) = {free}"))
            .status
            .success()
        {
            if free < 5 {
                small.refused(&before, "No space left on device", "hint: free space on the file system of");
                refused += 1;
            } else if small.install().0 == Some(0) {
                break;
            }
        }
    }
    assert_eq!(refused, 5);
    assert_eq!(check(&small.config()), Ok(3), "with room it works");
}

#[test]
fn without_inodes_the_old_certificate_stays() {
    let Some(small) = Small::new("size=4m,nr_inodes=64,mode=755") else { return };
    assert!(
        small
            .sh(r#"cd "$1/etc" && i=0; while true >fill$i; do i=$((i + 1)); done 2>/dev/null; :"#)
            .status
            .success()
    );
    // The first of all is the file of the lock.
    let before = files(&small.config());
    small.refused(&before, "No space left on device", "has no inodes left");
    for free in 1..30 {
        assert!(small.sh(&format!(r#"rm -f "$1/etc/fill{free}""#)).status.success());
        let before = files(&small.config());
        let (code, said) = small.install();
        if code == Some(0) {
            assert_eq!(check(&small.config()), Ok(3));
            assert!(free > 5, "{free}");
            return;
        }
        assert!(said.contains("No space left") && said.contains("hint: "), "{said}");
        assert_eq!((check(&small.config()), files(&small.config())), (Ok(2), before), "{said}");
    }
    panic!("with room it works");
}

#[test]
fn on_a_read_only_disk_the_old_certificate_stays() {
    let Some(small) = Small::new("size=4m,mode=755") else { return };
    let before = files(&small.config());
    for part in ["etc", "etc/archive", "etc/live", "etc/renewal"] {
        let mount =
            format!(r#"set -e; cd "$1/{part}"; mount --bind . .; mount -o remount,bind,ro "$1/{part}""#);
        let mounted = small.sh(&mount);
        assert!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
        small.refused(&before, "Read-only file system", "is read-only");
        assert!(small.sh(&format!(r#"umount "$1/{part}""#)).status.success());
    }
    assert_eq!(small.install().0, Some(0));
}

#[test]
fn without_permission_the_old_certificate_stays() {
    let Some(small) = Small::new("size=4m,mode=755") else { return };
    // Everything but live may be written.
    let open = r#"cd "$1"; chmod -R a+rwX . ..; chmod 755 etc/live; chmod 640 etc/archive/a.test/privkey*"#;
    assert!(small.sh(open).status.success());
    let program = small.lineage.path("installer");
    fs::copy(installer(), &program).expect("a copy that anybody can reach");
    let before = files(&small.config());
    let output = small
        .namespaces
        .command("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(small.lineage.install_args())
        .output()
        .expect("setpriv");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("/etc/live/.a.test.new: Permission denied") && said.contains("hint: run as root"),
        "{said}"
    );
    assert_eq!(files(&small.config()), before);
    assert_eq!(check(&small.config()), Ok(2));
}

#[test]
fn a_container_that_has_the_folders_mounted_sees_the_new_certificate() {
    let Some(small) = Small::new("size=4m,mode=755") else { return };
    let mounts = r#"set -e
        for d in live/a.test archive/a.test; do mkdir -p "$1/inside/$d"; mount --bind "$1/etc/$d" "$1/inside/$d"; done"#;
    assert!(small.sh(mounts).status.success());
    let (code, said) = small.install();
    assert_eq!((code, said.trim()), (Some(0), "installed 3 Exchanged"));
    assert_eq!(check(&small.config()), Ok(3));
    let inside = small.namespaces.path(&format!("{}/inside", small.lineage.dir.display()));
    assert_eq!(check(&inside), Ok(3));
}

#[test]
fn a_folder_that_cannot_be_exchanged_gets_its_links_one_by_one() {
    let Some(small) = Small::new("size=4m,mode=755") else { return };
    assert!(small.sh(r#"mount --bind "$1/etc/live/a.test" "$1/etc/live/a.test""#).status.success());
    let (code, said) = small.install();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("installed 3 Links(") && !said.contains("unfinished"), "{said}");
    assert_eq!(check(&small.config()), Ok(3));
    assert!(files(&small.config()).keys().all(|path| !path.contains("/.") && !path.contains("previous_")));
}
