//! Time zones by name or by their own data.

use data_encoding::BASE64;
use jiff::tz::TimeZone;

use crate::facts::Zone;

/// The zone of a host: by its own data, else by its name from this machine's database (or the built-in one where there
/// is none); UTC where neither is understood, as the C library does.
pub fn of_host(zone: &Zone) -> TimeZone {
    let name = zone.name.as_deref();
    let data = zone.tzif.as_ref().and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let own = data.and_then(|bytes| TimeZone::tzif(name.unwrap_or("localtime"), &bytes).ok());
    own.or_else(|| name.and_then(named)).unwrap_or(TimeZone::UTC)
}

/// A zone by its IANA name; `None` where the database has none of that name.
pub fn named(name: &str) -> Option<TimeZone> {
    if name == "UTC" { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_and_an_unknown_one_is_utc() {
        let zone = |name: &str| of_host(&Zone { name: Some(name.into()), tzif: None });
        assert_eq!(zone("Europe/Berlin").iana_name(), Some("Europe/Berlin"));
        assert_eq!(zone("Middle/Earth"), TimeZone::UTC);
    }
}
