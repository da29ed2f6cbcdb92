//! A lineage as certbot lays it out, and what must be true of it at every moment.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use acme_audit::gather::x509;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::lab::clean;

pub const KINDS: [&str; 4] = ["cert", "privkey", "chain", "fullchain"];

/// The group of the keys, where we may choose one.
const GROUP: u32 = 65_534;

/// What an install changes in the conf.
pub const CHANGE: &str = "version=5.8.0";

/// The example that installs, which cargo builds with the tests only where all targets are asked for.
pub fn installer() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--example", "install-once"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.expect("cargo").success());
        let program = Path::new(env!("CARGO_BIN_EXE_acme-audit")).with_file_name("examples/install-once");
        assert!(program.exists(), "{}", program.display());
        program.to_str().expect("text").to_owned()
    })
}

/// Certificates for a.test of one CA, and their keys, in PEM.
pub fn mint(count: usize) -> Vec<(String, String)> {
    let ca_key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).expect("a CA");
    let issuer = Issuer::from_params(&params, &ca_key);
    let leaf = |_| {
        let key = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(vec!["a.test".into()]).expect("names");
        let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
        (leaf.pem() + &ca.pem(), key.serialize_pem())
    };
    (0..count).map(leaf).collect()
}

/// certbot's three folders with one lineage, and a certificate to install.
pub struct Lineage {
    pub dir: PathBuf,
    /// A copy to start over from.
    pristine: PathBuf,
    /// The inode of the folder of the links, where it is to stay the same.
    folder: Cell<Option<u64>>,
    _temp: tempfile::TempDir,
}

impl Lineage {
    /// With versions 1 to `count`, the last of them in live.
    pub fn new(count: usize) -> Self {
        let temp = tempfile::tempdir().expect("a folder");
        let (dir, pristine) = (temp.path().join("host"), temp.path().join("pristine"));
        let lineage = Self { dir, pristine, folder: Cell::new(None), _temp: temp };
        let config = lineage.dir.join("etc");
        for folder in ["etc/archive/a.test", "etc/live/a.test/more", "etc/renewal", "log", "lib", "state"] {
            fs::create_dir_all(lineage.dir.join(folder)).expect("a folder");
        }
        let mut minted = mint(count + 1);
        let (fullchain, key) = minted.pop().expect("a certificate");
        fs::write(lineage.dir.join("fullchain.pem"), fullchain).expect("a file");
        fs::write(lineage.dir.join("key.pem"), key).expect("a file");
        for (version, (fullchain, key)) in (1..).zip(minted) {
            let end = "-----END CERTIFICATE-----\n";
            let at = fullchain.find(end).expect("a certificate") + end.len();
            for (kind, text) in KINDS.into_iter().zip([&fullchain[..at], &key, &fullchain[at..], &fullchain])
            {
                let path = config.join(format!("archive/a.test/{kind}{version}.pem"));
                fs::write(&path, text).expect("a file");
                let mode = if kind == "privkey" { 0o640 } else { 0o644 };
                if kind == "privkey" && rustix::process::geteuid().is_root() {
                    chown(&path, None, Some(GROUP)).expect("the group");
                }
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the mode");
            }
        }
        let mut conf = format!(
            "# renew_before_expiry = 30 days\nversion = 2.1.0\narchive_dir = {}/archive/a.test\n",
            config.display()
        );
        for kind in KINDS {
            let link = config.join(format!("live/a.test/{kind}.pem"));
            symlink(format!("../../archive/a.test/{kind}{count}.pem"), &link).expect("a link");
            conf.push_str(&format!("{kind} = {}\n", link.display()));
        }
        conf.push_str(
            "\n# Options used in the renewal process\n[renewalparams]\naccount = 0123456789abcdef0123456789abcdef\n\
             authenticator = standalone # mine\nserver = https://127.0.0.1:1/directory\nkey_type = ecdsa\n",
        );
        fs::write(config.join("renewal/a.test.conf"), conf).expect("the conf");
        fs::write(config.join("live/a.test/README"), "read me\n").expect("a file");
        fs::write(config.join("live/a.test/more/note"), "theirs\n").expect("a file");
        fs::write(
            lineage.dir.join("nginx.conf"),
            format!(
                "daemon off;\npid {0}/nginx.pid;\nerror_log stderr;\nevents {{ }}\nhttp {{\n    access_log off;\n    \
                 server {{\n        listen unix:{0}/nginx.sock ssl;\n        ssl_certificate {0}/etc/live/a.test/fullchain.pem;\n        \
                 ssl_certificate_key {0}/etc/live/a.test/privkey.pem;\n    }}\n}}\n",
                lineage.dir.display()
            ),
        )
        .expect("nginx.conf");
        copy(&lineage.dir, &lineage.pristine);
        lineage.folder.set(Some(lineage.inode()));
        lineage
    }

    /// As it was at first.
    pub fn restore(&self) {
        self.restore_from(&self.pristine);
        self.folder.set(Some(self.inode()));
    }

    fn inode(&self) -> u64 {
        fs::metadata(self.path("etc/live/a.test")).expect("live").ino()
    }

    /// The folder as it is now, to go back to with [`Self::restore_from`].
    pub fn keep(&self) -> PathBuf {
        let kept = self.pristine.with_file_name("kept");
        let _ = fs::remove_dir_all(&kept);
        copy(&self.dir, &kept);
        kept
    }

    pub fn restore_from(&self, from: &Path) {
        fs::remove_dir_all(&self.dir).expect("the folder goes");
        copy(from, &self.dir);
        self.folder.set(None);
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    /// The arguments of the installer.
    pub fn install_args(&self) -> Vec<String> {
        let at = |name: &str| self.path(name).display().to_string();
        let words = ["install".into(), "a.test".into(), at("fullchain.pem"), at("key.pem"), CHANGE.into()];
        [at(""), at("state")].into_iter().chain(words).collect()
    }

    pub fn recover_args(&self) -> Vec<String> {
        let at = |name: &str| self.path(name).display().to_string();
        vec![at(""), at("state"), "recover".into()]
    }

    pub fn install(&self) -> Output {
        clean(installer()).args(self.install_args()).output().expect("the installer")
    }

    pub fn recover(&self) -> Output {
        clean(installer()).args(self.recover_args()).output().expect("the installer")
    }

    /// The version in live, all four files of it whole; panics otherwise.
    pub fn whole(&self, when: &str) -> u64 {
        check(&self.path("etc")).unwrap_or_else(|why| panic!("{when}: {why}"))
    }

    /// Whether the conf has the change.
    pub fn is_rewritten(&self) -> bool {
        let [old, new] = [&self.pristine, &self.dir]
            .map(|dir| fs::read_to_string(dir.join("etc/renewal/a.test.conf")).expect("the conf"));
        assert!(new == old || new == old.replace("2.1.0", "5.8.0"), "{new}");
        new != old
    }

    /// That nothing is left of an install that is over, whichever way it ended; gives the version in live.
    pub fn settled(&self, when: &str) -> u64 {
        let version = self.whole(when);
        let files = files(&self.dir);
        let left: Vec<&String> = files
            .keys()
            .filter(|path| path.contains("/.") || path.ends_with(".new") || path.contains("previous_"))
            .chain(
                files
                    .keys()
                    .filter(|path| path.starts_with("state/installs/") && path.matches('/').count() > 2),
            )
            .filter(|path| !path.starts_with("etc/.") && !path.starts_with("log") && !path.starts_with("lib"))
            .collect();
        assert_eq!(left, Vec::<&String>::new(), "{when}");
        let mut kept: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for name in files.keys().filter_map(|path| path.strip_prefix("etc/archive/a.test/")) {
            let stem = name.strip_suffix(".pem").unwrap_or_else(|| panic!("{when}: {name}"));
            let kind = stem.trim_end_matches(|c: char| c.is_ascii_digit());
            kept.entry(stem[kind.len()..].parse().expect("a version")).or_default().push(kind);
        }
        assert_eq!(kept.keys().max(), Some(&version), "{when}: live is at the newest");
        assert!(kept.values().all(|kinds| kinds.len() == 4), "{when}: {kept:?}");
        for (path, theirs) in [("README", "read me\n"), ("more/note", "theirs\n")] {
            assert_eq!(
                fs::read_to_string(self.path("etc/live/a.test").join(path)).expect("a file"),
                theirs,
                "{when}"
            );
        }
        if let Some(folder) = self.folder.get() {
            assert_eq!(self.inode(), folder, "{when}: mounts of the folder, and watches, keep it");
        }
        let key = fs::metadata(self.path("etc/live/a.test/privkey.pem")).expect("the key");
        assert_eq!(key.mode() & 0o7777, 0o640, "{when}");
        assert!(key.gid() == GROUP || !rustix::process::geteuid().is_root(), "{when}: the group is kept");
        version
    }

    /// Whether nginx would start with live as it is; `None` where it is not here.
    pub fn nginx(&self) -> Option<Result<(), String>> {
        let output = clean("nginx").arg("-t").arg("-c").arg(self.path("nginx.conf")).output().ok()?;
        Some(if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        })
    }

    /// What certbot says; `None` where it is not here.
    pub fn certbot(&self, verb: &str) -> Option<String> {
        let mut certbot = clean("certbot");
        for (flag, folder) in [("--config-dir", "etc"), ("--work-dir", "lib"), ("--logs-dir", "log")] {
            certbot.arg(flag).arg(self.path(folder));
        }
        let output = certbot.arg(verb).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    }
}

/// The version in live below a configuration folder, where it is one: the four files, the certificate for the key.
pub fn check(config: &Path) -> Result<u64, String> {
    let live = config.join("live/a.test");
    let mut files = Vec::new();
    let mut versions = Vec::new();
    for kind in KINDS {
        let link = live.join(format!("{kind}.pem"));
        files.push(fs::read(&link).map_err(|e| format!("{kind}: {e}"))?);
        let text = fs::read_link(&link).map_err(|e| format!("{kind}: {e}"))?.to_string_lossy().into_owned();
        let number = text.strip_prefix("../../archive/a.test/").and_then(|name| name.strip_prefix(kind));
        versions.push(number.and_then(|n| n.strip_suffix(".pem")?.parse::<u64>().ok()).ok_or(text)?);
    }
    let [cert, key, chain, fullchain] = files.as_slice() else { return Err("not four".into()) };
    if *fullchain != [cert.as_slice(), chain].concat() {
        return Err("the full chain is not certificate and chain".into());
    }
    let ders = x509::certificates(cert)?;
    let leaf = x509::parse(&ders[0])?;
    if x509::private_key(key)?.spki_sha256 != Some(x509::spki_sha256(leaf.public_key().raw)) {
        return Err("the key is another certificate's".into());
    }
    if versions.iter().all(|n| *n == versions[0]) { Ok(versions[0]) } else { Err(format!("{versions:?}")) }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp").success());
}

/// Every file, folder and link below a folder, by path, with its mode.
pub fn files(folder: &Path) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            let meta = path.symlink_metadata().expect("its state");
            if meta.is_dir() {
                open.push(path.clone());
            }
            let name = path.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
            all.insert(name, meta.mode() & 0o7777);
        }
    }
    all
}
