//! Token files below a web root, as certbot's webroot plugin writes them.
//! <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/webroot.py>

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::PREFIX;
use super::journal::{Entry, Journal};
use crate::error::Error;
use crate::state;

/// Puts a token's file below a web root: folders 0755 and owned like the web root, the file 0644; all of it noted first.
/// Gives the file.
///
/// # Errors
/// Something cannot be created: certbot stops there as well.
pub fn plant(
    journal: &mut Journal,
    webroot: &Path,
    token: &str,
    key_authorization: &str,
) -> io::Result<PathBuf> {
    let folder = webroot.join(PREFIX.trim_matches('/'));
    let file = folder.join(token);
    // Two orders share it where the CA gives both the same authorization.
    if journal.has(&file) && fs::read(&file).is_ok_and(|there| there == key_authorization.as_bytes()) {
        return Ok(file);
    }
    let there = folder.ancestors().find(|path| path.symlink_metadata().is_ok());
    if let Some(path) = there.filter(|path| !path.is_dir()) {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is no folder", path.display())));
    }
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.is_dir()).collect();
    let folders = missing.iter().rev().map(|path| Entry::Folder(path.to_path_buf()));
    journal.note(&folders.chain([Entry::File(file.clone())]).collect::<Vec<_>>())?;
    for path in missing.into_iter().rev() {
        match fs::create_dir(path) {
            Ok(()) => {}
            // Another token of this run needed it too.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => continue,
            Err(e) => return Err(named(path, &e)),
        }
        fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(|e| named(path, &e))?;
        // certbot only warns where it may not do this.
        if let Ok(owner) = webroot.metadata() {
            let _ = chown(path, Some(owner.uid()), Some(owner.gid()));
        }
    }
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    let mut written =
        options.write(true).create_new(true).mode(0o644).custom_flags(flags).open(&file).map_err(|e| {
            journal.forget(&file);
            named(&file, &e)
        })?;
    written.set_permissions(Permissions::from_mode(0o644))?;
    written.write_all(key_authorization.as_bytes()).map_err(|e| named(&file, &e))?;
    Ok(file)
}

/// Whether this process may put files below a web root, as far as that shows without doing it.
///
/// # Errors
/// The folder that it may not write to.
pub fn is_writable(webroot: &Path) -> Result<(), Error> {
    let folder = webroot.join(PREFIX.trim_matches('/'));
    let Some(there) = folder.ancestors().find(|path| path.is_dir()) else { return Ok(()) };
    state::may_write(there).map_err(|error| {
        Error::new(format!("no token can be published: cannot write to {}: {error}", there.display()))
            .hint("run as root, or as a user who may write there")
    })
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_as_certbots_and_go_again() {
        let dir = tempfile::tempdir().unwrap();
        let webroot = dir.path().join("www");
        fs::create_dir(&webroot).unwrap();
        let (mut journal, _) = Journal::begin(&dir.path().join("state")).unwrap();
        let file = plant(&mut journal, &webroot, "tok", "tok.thumb").unwrap();
        plant(&mut journal, &webroot, "other", "other.thumb").unwrap();
        assert_eq!(plant(&mut journal, &webroot, "tok", "tok.thumb").unwrap(), file, "of a second order");
        assert!(plant(&mut journal, &webroot, "tok", "another").is_err());
        assert_eq!(file, webroot.join(".well-known/acme-challenge/tok"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "tok.thumb");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&file), 0o644);
        assert_eq!(mode(&webroot.join(".well-known")), 0o755);
        drop(journal);
        assert_eq!(fs::read_dir(&webroot).unwrap().count(), 0);
    }

    #[test]
    fn a_web_root_that_is_not_there_is_made_as_certbot_does_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::begin(&dir.path().join("state")).unwrap();
        plant(&mut journal, &dir.path().join("old/site"), "tok", "x").unwrap();
        drop(journal);
        assert!(!dir.path().join("old").exists());
    }

    #[test]
    fn nothing_of_others_is_overwritten_or_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::begin(&dir.path().join("state")).unwrap();
        let folder = dir.path().join(PREFIX.trim_matches('/'));
        fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), folder.join("tok")).unwrap();
        assert!(plant(&mut journal, dir.path(), "tok", "x").unwrap_err().to_string().contains("tok"));
        drop(journal);
        assert!(folder.join("tok").is_symlink() && !dir.path().join("secret").exists());
        let (mut journal, _) = Journal::begin(&dir.path().join("state")).unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(plant(&mut journal, &file, "tok", "x").is_err());
    }
}
