//! CAs that are asked where a lineage's own gives no certificate.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Such a CA. Who names it agrees to its terms of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fallback {
    /// Its directory.
    pub server: String,
    /// Where the CA may write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The key's identifier by which the CA knows its customer. <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.4>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eab_kid: Option<String>,
    /// The file that holds that key, in base64url as CAs hand it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eab_hmac_key_file: Option<PathBuf>,
}
