//! A renewal configuration as flat settings with their lines; secrets masked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A parsed `renewal/NAME.conf`; values that look like secrets are masked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conf {
    /// The file's path.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the file.
    pub modified: Option<Timestamp>,
    /// Section headers: path such as `renewalparams` or `renewalparams/webroot_map`, and line.
    pub sections: Vec<SectionHead>,
    /// Every value with its section and line, in file order.
    pub settings: Vec<Setting>,
}

/// A section header.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SectionHead {
    /// Names from the outermost, joined by `/`.
    pub path: String,
    /// 1-based line.
    pub line: u32,
}

/// One `key = value`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// The section's path, empty for the top level.
    pub section: String,
    /// The key as written.
    pub key: String,
    /// The value after unquoting and interpolation.
    pub value: SettingValue,
    /// 1-based line.
    pub line: u32,
    /// Why `%(name)s` could not be resolved: certbot fails when it reads such a value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unresolved: Option<String>,
}

/// ConfigObj has two kinds of value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// A scalar.
    Text(String),
    /// An unquoted comma makes a list.
    List(Vec<String>),
}

impl Setting {
    /// The scalar, or the only member of a list.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            SettingValue::Text(text) => Some(text),
            SettingValue::List(items) => match items.as_slice() {
                [only] => Some(only),
                _ => None,
            },
        }
    }

    /// All members; a scalar is a list of one.
    pub fn items(&self) -> &[String] {
        match &self.value {
            SettingValue::Text(text) => std::slice::from_ref(text),
            SettingValue::List(items) => items,
        }
    }

    /// `key = value` as a reader of the file would know it again.
    pub fn shown(&self) -> String {
        match &self.value {
            SettingValue::Text(text) => format!("{} = {text}", self.key),
            SettingValue::List(items) => format!("{} = {}", self.key, items.join(", ")),
        }
    }
}

impl Conf {
    /// A top-level value.
    pub fn top(&self, key: &str) -> Option<&Setting> {
        self.setting("", key)
    }

    /// A value of `[renewalparams]`; the text `None` counts as absent, as certbot writes it.
    pub fn param(&self, key: &str) -> Option<&Setting> {
        self.setting("renewalparams", key).filter(|s| s.value != SettingValue::Text("None".into()))
    }

    /// The text of a value of `[renewalparams]`.
    pub fn param_text(&self, key: &str) -> Option<&str> {
        self.param(key).and_then(Setting::text)
    }

    /// Whether a boolean of `[renewalparams]` is true, by certbot's case-insensitive reading.
    pub fn param_true(&self, key: &str) -> bool {
        self.param_text(key).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A value by section path and key.
    pub fn setting(&self, section: &str, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|s| s.section == section && s.key == key)
    }

    /// Whether a section of that path exists.
    pub fn has_section(&self, path: &str) -> bool {
        self.sections.iter().any(|s| s.path == path)
    }

    /// The lines of `[[webroot_map]]`: domain to folder.
    pub fn webroot_map(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|s| s.section == "renewalparams/webroot_map")
    }

    /// The members of `webroot_path`.
    pub fn webroot_path(&self) -> Option<(&Setting, &[String])> {
        self.param("webroot_path").map(|s| (s, s.items()))
    }

    /// `file:line` of a setting.
    pub fn at(&self, setting: &Setting) -> String {
        format!("{}:{}", self.path, setting.line)
    }
}
