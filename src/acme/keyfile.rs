//! The key of an account of our own, in a file.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::key::AccountKey;
use crate::error::Error;

/// The largest key that is read, in bytes.
const MAX_KEY: u64 = 64 << 10;

impl AccountKey {
    /// The key in a file, or a fresh one that is now in it. The file is a private JWK of mode 0600.
    ///
    /// # Errors
    /// The file cannot be read, is no key, or cannot be written.
    pub fn open_or_make(path: &Path) -> Result<Self, Error> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => make(path)?,
            _ => {}
        }
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_KEY).read_to_end(&mut text));
        read.map_err(|e| wrong(path, &e.to_string()))?;
        Self::from_jwk(&text).map_err(|why| {
            wrong(path, &why).hint("move the file away: a new account is made at the next run")
        })
    }
}

/// Makes the file as a whole or not at all. What another process makes meanwhile stays.
fn make(path: &Path) -> Result<(), Error> {
    let failed = |e: std::io::Error| wrong(path, &e.to_string());
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let text = AccountKey::fresh().map_err(|why| wrong(path, &why))?;
    // Its mode is 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed),
        Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

fn wrong(path: &Path, what: &str) -> Error {
    Error::new(format!("the account key {}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_run_makes_it_and_the_next_one_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/accounts/key.json");
        let made = AccountKey::open_or_make(&path).unwrap();
        let read = AccountKey::open_or_make(&path).unwrap();
        assert_eq!(made.thumbprint(), read.thumbprint());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let folder = path.parent().unwrap();
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o7777, 0o700);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn runs_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let open = || AccountKey::open_or_make(&path).unwrap().thumbprint();
        let all: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.iter().all(|one| *one == open()), "{all:?}");
    }

    #[test]
    fn a_file_that_is_no_key_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        fs::write(&path, "{\"kty\": \"SECRET\"}").unwrap();
        let error = AccountKey::open_or_make(&path).unwrap_err().to_string();
        assert!(error.contains("key.json: the JWK's `kty`") && !error.contains("SECRET"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"kty\": \"SECRET\"}");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert!(AccountKey::open_or_make(&path).is_err(), "a dangling link is not followed");
    }
}
