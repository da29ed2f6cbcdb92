//! `renewal/NAME.conf`.

use std::borrow::Cow;
use std::path::Path;

use jiff::Timestamp;

use crate::configobj::{self, Document, Section, Value};
use crate::facts::{Conf, Fact, Missing, Role, SectionHead, Setting, SettingValue, Why};
use crate::gather::fs::{Root, show};
use crate::gather::secrets::mask_value;

/// The largest conf that is read, in bytes; certbot's are below two kilobytes, a hundred names add five.
const MAX_CONF: u64 = 1024 * 1024;

/// How much all values together may grow by interpolation, in bytes.
const MAX_VALUES: usize = 4 * 1024 * 1024;

/// Reads one renewal configuration; `regular` where the folder's listing calls it a regular file.
pub fn conf(root: &Root, path: &Path, regular: bool) -> Fact<Conf> {
    let content = root.read_listed(path, regular, MAX_CONF, Role::Conf)?;
    let document = configobj::parse(&content.bytes)
        .map_err(|e| Missing::new(show(path), Why::Malformed(e.line, e.what()), Role::Conf))?;
    let mut conf = Conf {
        path: show(path),
        size: content.meta.size,
        modified: Timestamp::from_second(content.meta.modified).ok(),
        sections: Vec::new(),
        settings: Vec::new(),
    };
    walk(&document, &mut conf.sections, &mut conf.settings);
    Ok(conf)
}

/// Every value of a ConfigObj document, flattened.
pub fn settings(document: &Document) -> Vec<Setting> {
    let mut settings = Vec::new();
    walk(document, &mut Vec::new(), &mut settings);
    settings
}

fn walk(document: &Document, heads: &mut Vec<SectionHead>, settings: &mut Vec<Setting>) {
    let mut total = 0;
    let mut open: Vec<(Vec<&str>, &Section)> = vec![(Vec::new(), document.root())];
    while let Some((path, section)) = open.pop() {
        let joined = path.join("/");
        if !path.is_empty() {
            heads.push(SectionHead { path: joined.clone(), line: section.line() });
        }
        for entry in section.entries() {
            let (value, unresolved) = match document.value(&path, &entry.key) {
                Ok(value) if total < MAX_VALUES => (value.unwrap_or(Cow::Borrowed(&entry.value)), None),
                Ok(_) => {
                    (Cow::Borrowed(&entry.value), Some("the file's values are too large together".into()))
                }
                Err(e) => (Cow::Borrowed(&entry.value), Some(e.to_string())),
            };
            let masked = |text: &String| mask_value(&entry.key, text);
            let value = match value.as_ref() {
                Value::Scalar(text) => SettingValue::Text(masked(text)),
                Value::List(items) => SettingValue::List(items.iter().map(masked).collect()),
            };
            let key = entry.key.clone();
            let setting = Setting { section: joined.clone(), key, value, line: entry.line, unresolved };
            total += setting.items().iter().map(String::len).sum::<usize>();
            settings.push(setting);
        }
        for sub in section.sections().iter().rev() {
            let mut path = path.clone();
            path.push(sub.name());
            open.push((path, sub));
        }
    }
}
