//! `renewal/NAME.conf`, line for line as the certbot of that version writes it.

use std::fmt::Write;

use super::Error;
use super::manifest::{ConfEdit, Lineage};
use super::mint::KeyKind;

/// A certbot version as its leading numbers.
pub(super) fn version(text: &str) -> Result<(u32, u32), Error> {
    let mut parts = text.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => Err(Error::new(format!("`{text}` is not a certbot version"))),
    }
}

/// What a conf says that the lineage's own options do not.
pub(super) struct Surroundings<'a> {
    pub(super) config_dir: &'a str,
    pub(super) server: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) names: &'a [String],
    pub(super) retry_after: &'a str,
}

/// The text of a lineage's conf, its edits made.
pub(super) fn text(lineage: &Lineage, around: &Surroundings<'_>) -> Result<String, Error> {
    let mut conf = Conf::new(lineage, around)?;
    for edit in &lineage.edits {
        conf.edit(edit)?;
    }
    Ok(conf.text())
}

struct Conf {
    /// certbot before 4.1 wrote its default as a comment on top, and one more over the section.
    comments: bool,
    top: Vec<String>,
    /// `None` once the whole section was dropped.
    params: Option<Vec<String>>,
    map: Option<Vec<String>>,
    retry_after: Option<String>,
}

impl Conf {
    fn new(lineage: &Lineage, around: &Surroundings<'_>) -> Result<Self, Error> {
        let version = version(&lineage.certbot)?;
        let (dir, name) = (around.config_dir, &lineage.name);
        let mut top =
            vec![format!("version = {}", lineage.certbot), format!("archive_dir = {dir}/archive/{name}")];
        for kind in super::tree::KINDS {
            top.push(format!("{kind} = {dir}/live/{name}/{kind}.pem"));
        }
        let mut params = Vec::new();
        params.extend(around.account.map(|id| format!("account = {id}")));
        if dir != super::host::CONFIG_DIR {
            params.push(format!("config_dir = {dir}"));
        }
        params.push(format!("authenticator = {}", lineage.authenticator));
        let mut map = None;
        if lineage.authenticator == "webroot" {
            let webroot = lineage.webroot.as_deref().unwrap_or("/var/www/html");
            params.push(format!("webroot_path = {webroot},"));
            let entry = |name| format!("{name} = {webroot}");
            map = Some(around.names.iter().map(entry).collect());
        }
        let installer = lineage.installer.as_ref();
        params.extend(installer.map(|name| format!("installer = {name}")));
        if lineage.reuse_key {
            params.push("reuse_key = True".to_owned());
        }
        params.push(format!("server = {}", around.server));
        match lineage.key.unwrap_or(KeyKind::P256) {
            KeyKind::Rsa2048 => params.push("key_type = rsa".to_owned()),
            KeyKind::P256 => params.push("key_type = ecdsa".to_owned()),
            KeyKind::P384 => {
                params.push("key_type = ecdsa".to_owned());
                params.push("elliptic_curve = secp384r1".to_owned());
            }
        }
        Ok(Self {
            comments: version < (4, 1),
            top,
            params: Some(params),
            map,
            retry_after: (version >= (5, 0)).then(|| around.retry_after.to_owned()),
        })
    }

    fn edit(&mut self, edit: &ConfEdit) -> Result<(), Error> {
        match edit {
            ConfEdit::Top(line) => set(&mut self.top, line),
            ConfEdit::Param(line) => set(self.params.get_or_insert_default(), line),
            ConfEdit::Map(line) => set(self.map.get_or_insert_default(), line),
            ConfEdit::Unmap(name) => {
                if !drop_key(self.map.as_mut(), name) {
                    return Err(Error::new(format!("the webroot map has no `{name}`")));
                }
            }
            ConfEdit::Drop(key) => {
                let dropped = match key.as_str() {
                    "[renewalparams]" => self.params.take().is_some() | self.map.take().is_some(),
                    "[[webroot_map]]" => self.map.take().is_some(),
                    "[acme_renewal_info]" => self.retry_after.take().is_some(),
                    key => drop_key(Some(&mut self.top), key) | drop_key(self.params.as_mut(), key),
                };
                if !dropped {
                    return Err(Error::new(format!("the conf has no `{key}` to drop")));
                }
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if self.comments {
            text.push_str("# renew_before_expiry = 30 days\n");
        }
        let mut lines = |lines: &[String]| {
            for line in lines {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{line}");
            }
        };
        lines(&self.top);
        if let Some(params) = &self.params {
            if self.comments {
                lines(&[String::new(), "# Options used in the renewal process".to_owned()]);
            }
            lines(&["[renewalparams]".to_owned()]);
            lines(params);
        }
        if let Some(map) = &self.map {
            lines(&["[[webroot_map]]".to_owned()]);
            lines(map);
        }
        if let Some(when) = &self.retry_after {
            lines(&["[acme_renewal_info]".to_owned(), format!("ari_retry_after = {when}")]);
        }
        text
    }
}

fn key_of(line: &str) -> Option<&str> {
    line.split_once('=').map(|(key, _)| key.trim())
}

/// Replaces the line of the same key, or adds one; a line without `=` is added as it is.
fn set(lines: &mut Vec<String>, line: &str) {
    let same = |old: &&mut String| key_of(line).is_some() && key_of(old) == key_of(line);
    match lines.iter_mut().find(same) {
        Some(old) => *old = line.to_owned(),
        None => lines.push(line.to_owned()),
    }
}

fn drop_key(lines: Option<&mut Vec<String>>, key: &str) -> bool {
    let Some(lines) = lines else { return false };
    let before = lines.len();
    lines.retain(|line| key_of(line) != Some(key));
    lines.len() < before
}
