//! Installs into a lineage as certbot lays it out. Kills and full disks are in `tests/it/install`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use zeroize::Zeroizing;

use super::*;
use crate::configobj::Value;
use crate::facts::Kind;

/// A certificate with its chain, and its key.
struct Minted {
    fullchain: String,
    key: String,
}

fn mint(key: Option<&str>) -> Minted {
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::from_params(&params, &ca_key);
    let key = key.map_or_else(|| KeyPair::generate().unwrap(), |pem| KeyPair::from_pem(pem).unwrap());
    let leaf = CertificateParams::new(vec!["a.test".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    Minted { fullchain: leaf.pem() + &ca.pem(), key: key.serialize_pem() }
}

impl Minted {
    fn set(&self) -> Set {
        let key = Zeroizing::new(self.key.clone().into_bytes());
        Set::from_fullchain(self.fullchain.as_bytes(), Privkey::Pem(key)).unwrap()
    }
}

/// A configuration folder with the lineage a.test.
struct Tree {
    dir: tempfile::TempDir,
    keys: Vec<String>,
}

impl Tree {
    fn new(versions: std::ops::RangeInclusive<u64>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("etc");
        for folder in ["archive/a.test", "live/a.test", "renewal"] {
            fs::create_dir_all(config.join(folder)).unwrap();
        }
        let mut keys = Vec::new();
        for version in versions.clone() {
            let minted = mint(None);
            let set = minted.set();
            for kind in Kind::ALL {
                let bytes = if kind == Kind::Privkey { minted.key.as_bytes() } else { set.public(kind) };
                let path = config.join(format!("archive/a.test/{}{version}.pem", kind.word()));
                fs::write(&path, bytes).unwrap();
                let mode = if kind == Kind::Privkey { 0o600 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
            keys.push(minted.key);
        }
        for kind in Kind::ALL {
            let text = format!("../../archive/a.test/{}{}.pem", kind.word(), versions.end());
            symlink(text, config.join(format!("live/a.test/{}.pem", kind.word()))).unwrap();
        }
        fs::write(config.join("live/a.test/README"), "read me").unwrap();
        let mut conf =
            format!("# mine\nversion = 2.1.0\narchive_dir = {}/archive/a.test\n", config.display());
        for kind in Kind::ALL {
            let word = kind.word();
            conf.push_str(&format!("{word} = {}/live/a.test/{word}.pem\n", config.display()));
        }
        conf.push_str("[renewalparams]\nauthenticator = webroot # kept\n");
        fs::write(config.join("renewal/a.test.conf"), conf).unwrap();
        Self { dir, keys }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("etc").join(path)
    }

    fn folders(&self) -> Folders {
        let at = |name: &str| self.dir.path().join(name);
        Folders { logs: at("log"), config: at("etc"), work: at("lib") }
    }

    fn place(&self) -> Place {
        Place::read(&self.path(""), "a.test").unwrap()
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    fn install(&self, set: &Set, changes: &[Change]) -> Result<Installed, Error> {
        let lock = Lock::take(&self.folders()).unwrap();
        install(&lock, &self.place(), set, changes, &self.state())
    }

    fn recover(&self) -> Vec<Outcome> {
        let lock = Lock::take(&self.folders()).unwrap();
        recover(&lock, &self.state()).into_iter().map(|settled| settled.unwrap().outcome).collect()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn version() -> Change {
    Change { section: Vec::new(), key: "version".into(), value: Some(Value::Scalar("5.8.0".into())) }
}

#[test]
fn the_next_version_is_installed_as_certbot_installs_it() {
    let tree = Tree::new(1..=8);
    fs::set_permissions(tree.path("archive/a.test/privkey8.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(tree.path("live/a.test/more")).unwrap();
    fs::write(tree.path("live/a.test/more/combined.pem"), "theirs").unwrap();
    fs::set_permissions(tree.path("live/a.test"), fs::Permissions::from_mode(0o750)).unwrap();
    let before = fs::read_to_string(tree.path("renewal/a.test.conf")).unwrap();
    let inode = |path: &str| fs::metadata(tree.path(path)).unwrap().ino();
    let same = (inode("live/a.test"), inode("live/a.test/README"));
    let minted = mint(None);
    let installed = tree.install(&minted.set(), &[version()]).unwrap();
    assert_eq!((installed.version, installed.swap), (9, Swap::Exchanged));
    assert!(installed.unfinished.is_empty());
    assert_eq!(
        tree.names("live/a.test"),
        ["README", "cert.pem", "chain.pem", "fullchain.pem", "more", "privkey.pem"]
    );
    assert_eq!(tree.names("live"), ["a.test"]);
    assert_eq!(tree.names("renewal"), ["a.test.conf"]);
    assert_eq!((inode("live/a.test"), inode("live/a.test/README")), same);
    assert_eq!(fs::metadata(tree.path("live/a.test")).unwrap().mode() & 0o7777, 0o750);
    assert_eq!(fs::read_to_string(tree.path("live/a.test/more/combined.pem")).unwrap(), "theirs");
    let link = fs::read_link(tree.path("live/a.test/privkey.pem")).unwrap();
    assert_eq!(link.to_str(), Some("../../archive/a.test/privkey9.pem"));
    assert_eq!(fs::read_to_string(tree.path("live/a.test/privkey.pem")).unwrap(), minted.key);
    assert_eq!(fs::metadata(tree.path("live/a.test/privkey.pem")).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::read_to_string(tree.path("live/a.test/fullchain.pem")).unwrap(), minted.fullchain);
    let kept: Vec<String> = (4..=9).map(|n| format!("cert{n}.pem")).collect();
    assert_eq!(
        tree.names("archive/a.test").into_iter().filter(|n| n.starts_with("cert")).collect::<Vec<_>>(),
        kept
    );
    assert_eq!(tree.names("archive/a.test").len(), 24);
    let after = fs::read_to_string(tree.path("renewal/a.test.conf")).unwrap();
    assert_eq!(after, before.replace("2.1.0", "5.8.0"));
    assert_eq!(tree.recover(), []);
}

#[test]
fn the_next_number_is_above_every_file_s() {
    let tree = Tree::new(1..=2);
    fs::write(tree.path("archive/a.test/chain7.pem"), "x").unwrap();
    assert_eq!(tree.install(&mint(None).set(), &[]).unwrap().version, 8);
}

#[test]
fn the_same_key_is_a_link_to_the_file_it_is_in() {
    let tree = Tree::new(1..=1);
    for (version, text) in [(2, "privkey1.pem"), (3, "privkey1.pem")] {
        let minted = mint(tree.keys.first().map(String::as_str));
        let set = Set::from_fullchain(minted.fullchain.as_bytes(), Privkey::Same).unwrap();
        assert_eq!(tree.install(&set, &[]).unwrap().version, version);
        let link = fs::read_link(tree.path(&format!("archive/a.test/privkey{version}.pem"))).unwrap();
        assert_eq!(link.to_str(), Some(text));
    }
    for _ in 0..5 {
        let minted = mint(tree.keys.first().map(String::as_str));
        tree.install(&Set::from_fullchain(minted.fullchain.as_bytes(), Privkey::Same).unwrap(), &[]).unwrap();
    }
    let names = tree.names("archive/a.test");
    assert!(names.contains(&"privkey1.pem".into()) && !names.contains(&"cert1.pem".into()), "{names:?}");
    let other = Set::from_fullchain(mint(None).fullchain.as_bytes(), Privkey::Same).unwrap();
    let error = tree.install(&other, &[]).unwrap_err().to_string();
    assert!(error.contains("the certificate is not for the key"), "{error}");
    assert_eq!(tree.names("archive/a.test"), names);
}

#[test]
fn a_set_whose_parts_do_not_belong_together_is_refused() {
    let (one, other) = (mint(None), mint(None));
    let key = || Privkey::Pem(Zeroizing::new(other.key.clone().into_bytes()));
    for (fullchain, why) in [
        (one.fullchain.as_str(), "not for the key"),
        (one.fullchain.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap(), "no chain"),
        ("", "empty"),
    ] {
        let error = Set::from_fullchain(fullchain.as_bytes(), key()).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("hint: "), "{error}");
    }
    assert!(!format!("{:?}", other.set()).contains("PRIVATE"));
}

#[test]
fn links_are_swapped_one_by_one_where_live_is_not_one_real_folder() {
    let tree = Tree::new(1..=1);
    fs::rename(tree.path("live/a.test"), tree.path("live/real")).unwrap();
    symlink("real", tree.path("live/a.test")).unwrap();
    let installed = tree.install(&mint(None).set(), &[]).unwrap();
    assert!(matches!(installed.swap, Swap::Links(because) if because.contains("is a link")));
    assert!(tree.place().is_at(2));
    assert_eq!(tree.names("live"), ["a.test", "real"]);
    assert_eq!(tree.names("live/real").len(), 5);
}

#[test]
fn what_cannot_be_written_is_taken_back() {
    let tree = Tree::new(1..=2);
    let change = Change { value: Some(Value::Scalar("%(nothing)s".into())), ..version() };
    let before = tree.names("archive/a.test");
    let error = tree.install(&mint(None).set(), &[change]).unwrap_err().to_string();
    assert!(error.contains("a.test.conf: the value for `version`"), "{error}");
    assert!(tree.place().is_at(2));
    assert_eq!((tree.names("live"), tree.names("archive/a.test")), (vec!["a.test".to_owned()], before));
    assert_eq!(tree.recover(), []);
}

#[test]
fn a_broken_lineage_is_named() {
    let tree = Tree::new(1..=1);
    let text = fs::read(tree.path("live/a.test/chain.pem")).unwrap();
    fs::remove_file(tree.path("live/a.test/chain.pem")).unwrap();
    fs::write(tree.path("live/a.test/chain.pem"), text).unwrap();
    let error = tree.install(&mint(None).set(), &[]).unwrap_err().to_string();
    assert!(error.contains("chain.pem is not a symbolic link"), "{error}");
    let error = Place::read(&tree.path(""), "b.test").unwrap_err().to_string();
    assert!(error.contains("there is no") && error.contains("hint: "), "{error}");
}

#[test]
fn a_lineage_that_certbot_renewed_or_removed_meanwhile_is_left_alone() {
    for removed in [false, true] {
        let tree = Tree::new(1..=2);
        let place = tree.place();
        let original = Original::read(&place);
        let plan = Plan { place, version: 3, changes: vec![version()], original };
        let versions = plan.place.versions().unwrap();
        let ids = archive::stage(&plan.place, &versions, &mint(None).set()).unwrap();
        let journals = journal::folder(&tree.state(), &tree.path(""));
        Journal::begin(&journals, &plan).unwrap().staged(&ids).unwrap();
        if removed {
            fs::remove_file(tree.path("renewal/a.test.conf")).unwrap();
            fs::remove_dir_all(tree.path("archive/a.test")).unwrap();
            fs::remove_dir_all(tree.path("live/a.test")).unwrap();
        } else {
            for kind in Kind::ALL {
                fs::write(tree.path(&format!("archive/a.test/{}3.pem", kind.word())), "certbot's").unwrap();
            }
        }
        assert_eq!(tree.recover(), [Outcome::Overtaken]);
        assert!(names(&journals).is_empty());
        if !removed {
            assert_eq!(tree.names("archive/a.test").len(), 12);
            assert_eq!(fs::read_to_string(tree.path("archive/a.test/cert3.pem")).unwrap(), "certbot's");
            assert!(fs::read_to_string(tree.path("renewal/a.test.conf")).unwrap().contains("2.1.0"));
        }
    }
}

#[test]
fn a_journal_that_was_cut_off_is_as_none() {
    let tree = Tree::new(1..=1);
    let journals = journal::folder(&tree.state(), &tree.path(""));
    fs::create_dir_all(&journals).unwrap();
    fs::write(journals.join("a.test"), "{\"place\":").unwrap();
    assert_eq!(tree.recover(), []);
    assert!(names(&journals).is_empty());
}

#[test]
fn the_locks_are_taken_once_and_removed() {
    let tree = Tree::new(1..=1);
    let lock = Lock::take(&tree.folders()).unwrap();
    assert!(lock.covers(&tree.path("live/..")) && !lock.covers(&tree.path("live")));
    for folder in ["etc", "log", "lib"] {
        let path = tree.dir.path().join(folder).join(".certbot.lock");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        // To open and close it here does not let go of it, as it would with a POSIX lock.
        drop(fs::File::open(&path).unwrap());
    }
    let error = Lock::take(&tree.folders()).unwrap_err().to_string();
    let me = std::process::id().to_string();
    assert!(error.contains("log/.certbot.lock is locked by") && error.contains(&me), "{error}");
    drop(lock);
    assert!(!tree.dir.path().join("etc/.certbot.lock").exists());
    let one = tree.path("");
    drop(Lock::take(&Folders { logs: one.clone(), config: one.clone(), work: one }).unwrap());
}
