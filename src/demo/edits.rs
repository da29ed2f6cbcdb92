//! The verbs that only move bytes: files, links, and damage.

use jiff::SignedDuration;

use super::Error;
use super::host::Host;
use super::manifest::{NginxSite, Verb};
use super::place::Place;

impl Host {
    /// certbot's log of a run in which nothing was due (the lines of certbot 4.0, without its list of plugins).
    pub(super) fn ran(&self, when: SignedDuration) -> Result<(), Error> {
        let when = self.when(when)?;
        let stamp = when.strftime("%Y-%m-%d %H:%M:%S,104");
        let mut log = String::new();
        let mut say =
            |level: &str, says: &str| log.push_str(&format!("{stamp}:{level}:certbot._internal.{says}\n"));
        let newest = self.lineages.values().next_back();
        let version = newest.map_or("5.8.0", |built| &built.spec.certbot);
        say("DEBUG", &format!("main:certbot version: {version}"));
        say("DEBUG", "main:Location of certbot entry point: /usr/bin/certbot");
        say("DEBUG", "main:Arguments: ['-q', '--no-random-sleep-on-renew']");
        say("DEBUG", "log:Root logging level set at 40");
        for name in self.lineages.keys() {
            let conf = format!("{}/renewal/{name}.conf", self.config_dir);
            say("DEBUG", &format!("display.obj:Notifying user: Processing {conf}"));
            say("DEBUG", "display.obj:Notifying user: Certificate not yet due for renewal");
        }
        say("DEBUG", "display.obj:Notifying user: No renewals were attempted.");
        say("DEBUG", "renewal:no renewal failures");
        self.place.dir("/var/log/letsencrypt", 0o700)?;
        self.place.write_dated("/var/log/letsencrypt/letsencrypt.log", log.as_bytes(), 0o600, when)
    }

    /// An nginx site as `certbot --nginx` users have it, and its web root.
    pub(super) fn nginx_site(&self, site: &NginxSite) -> Result<(), Error> {
        let lineage = site.lineage.as_ref().unwrap_or(&site.name);
        let names = site
            .names
            .clone()
            .or_else(|| self.lineages.get(lineage).map(|built| built.names.clone()))
            .unwrap_or_else(|| vec![site.name.clone()])
            .join(" ");
        let live = format!("{}/live/{lineage}", self.config_dir);
        let certificate = site.certificate.clone().unwrap_or(format!("{live}/fullchain.pem"));
        let key = site.key.clone().unwrap_or(format!("{live}/privkey.pem"));
        let root = site.root.clone().unwrap_or(format!("/var/www/{}", site.name));
        let text = include_str!("packages/nginx-site.txt")
            .replace("@NAMES@", &names)
            .replace("@ROOT@", &root)
            .replace("@CERTIFICATE@", &certificate)
            .replace("@KEY@", &key);
        let available = format!("/etc/nginx/sites-available/{}", site.name);
        self.place.write(&available, text.as_bytes(), 0o644)?;
        self.place.link(&format!("/etc/nginx/sites-enabled/{}", site.name), &available)?;
        self.place.dir_if_missing(&root, 0o755)?;
        self.place.write(&format!("{root}/index.html"), b"<!doctype html>\n", 0o644)
    }

    /// Obeys a verb that knows nothing of certificates.
    pub(super) fn edit(&self, verb: &Verb) -> Result<(), Error> {
        let place = &self.place;
        match verb {
            Verb::File { path, mode, age, text } => {
                let text = self.expand(text)?;
                match age {
                    None => place.write(path, text.as_bytes(), *mode),
                    Some(age) => {
                        // A file's age and "-3d" are both how long ago.
                        let when = self.when(-age.abs())?;
                        place.write_dated(path, text.as_bytes(), *mode, when)
                    }
                }
            }
            Verb::Append { path, text } => {
                let text = self.expand(text)?;
                if !place.exists(path)? {
                    return place.write(path, text.as_bytes(), 0o644);
                }
                place.edit(path, |mut bytes| {
                    bytes.extend_from_slice(text.as_bytes());
                    Ok(bytes)
                })
            }
            Verb::Dir { path, mode } => place.dir(path, *mode),
            Verb::Link { path, target } => place.link(path, target),
            Verb::Fifo(path) => place.fifo(path),
            Verb::Bytes { path, bytes } => place.write(path, bytes, 0o644),
            Verb::Copy { from, to } => copy(place, from, to),
            Verb::Move { from, to } => place.rename(from, to),
            Verb::Swap { one, other } => {
                let aside = format!("{one}.aside");
                place.rename(one, &aside)?;
                place.rename(other, one)?;
                place.rename(&aside, other)
            }
            Verb::Concat { to, from } => {
                let mut bytes = Vec::new();
                for path in from {
                    bytes.extend(place.read(path)?);
                }
                // A combined file has the key in it.
                place.write(to, &bytes, 0o600)
            }
            Verb::Remove(path) => place.remove(path),
            Verb::Truncate { path, size } => place.truncate(path, *size),
            Verb::Replace { path, old, new } => {
                let (old, new) = (self.expand(old)?, self.expand(new)?);
                place.edit(path, |bytes| {
                    let text =
                        String::from_utf8(bytes).map_err(|_| Error::new(format!("{path}: is not text")))?;
                    if !text.contains(&old) {
                        return Err(Error::new(format!("{path}: has no `{old}` to replace")));
                    }
                    Ok(text.replace(&old, &new).into_bytes())
                })
            }
            Verb::Crlf(path) => place.edit(path, |bytes| {
                let mut crlf = Vec::with_capacity(bytes.len() + bytes.len() / 16);
                for byte in bytes {
                    if byte == b'\n' {
                        crlf.push(b'\r');
                    }
                    crlf.push(byte);
                }
                Ok(crlf)
            }),
            Verb::Chmod { mode, path } => place.chmod(path, *mode),
            Verb::Touch { path, when } => place.touch(path, self.when(*when)?),
            Verb::Dereference(path) => dereference(place, path),
            // The verbs that make certificates are obeyed before this is asked.
            other => Err(Error::new(format!("cannot obey {other:?}"))),
        }
    }
}

/// `cp -a`: folders with all they hold, links as links.
fn copy(place: &Place, from: &str, to: &str) -> Result<(), Error> {
    if place.is_link(from)? {
        return place.link(to, &place.link_target(from)?.to_string_lossy());
    }
    let (mode, date) = place.mode_and_date(from)?;
    if !place.is_real_dir(from)? {
        return place.write_dated(to, &place.read(from)?, mode, date);
    }
    if to.starts_with(&format!("{from}/")) {
        return Err(Error::new(format!("{to}: lies inside {from}")));
    }
    place.dir(to, mode)?;
    for name in place.list(from)? {
        copy(place, &format!("{from}/{name}"), &format!("{to}/{name}"))?;
    }
    Ok(())
}

/// What `cp -rL` leaves: files where links were.
fn dereference(place: &Place, path: &str) -> Result<(), Error> {
    if place.is_real_dir(path)? {
        for name in place.list(path)? {
            let entry = format!("{path}/{name}");
            if place.is_link(&entry)? {
                dereference(place, &entry)?;
            }
        }
        return Ok(());
    }
    let bytes = place.read(path)?;
    let (mode, date) = place.mode_and_date(path)?;
    place.remove(path)?;
    place.write_dated(path, &bytes, mode, date)
}
