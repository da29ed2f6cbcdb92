//! Let's Encrypt's profiles and dates.

use super::Profile;

const PROFILES_PAGE: &str = "https://letsencrypt.org/docs/profiles/";

/// The profiles of Let's Encrypt, those gone included.
pub const PROFILES: &[Profile] = &[
    Profile { name: "classic", max_names: 100, gone_since: None, source: PROFILES_PAGE },
    Profile { name: "tlsserver", max_names: 25, gone_since: None, source: PROFILES_PAGE },
    Profile { name: "shortlived", max_names: 25, gone_since: None, source: PROFILES_PAGE },
    Profile { name: "tlsclient", max_names: 100, gone_since: Some("2026-07-08"), source: PROFILES_PAGE },
];
