//! The host's time zone.

use serde::{Deserialize, Serialize};

/// What `/etc/localtime` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its IANA name, where the link or a file beside it gives one.
    pub name: Option<String>,
    /// The zone's own data (TZif, RFC 9636) in base64, where `/etc/localtime` is a file without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tzif: Option<String>,
}
