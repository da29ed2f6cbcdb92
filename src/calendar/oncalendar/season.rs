//! The abbreviations of the local zone that may stand behind an expression, such as CET and CEST.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A season of the local zone, by its abbreviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Season {
    /// As the zone spells it.
    pub name: String,
    pub summer: bool,
}

impl Season {
    /// The season whose abbreviation stands at the end of a text, in whatever case, and the text before it.
    pub fn behind<'t>(text: &'t str, local: &TimeZone) -> Option<(&'t str, Self)> {
        seasons(local, Timestamp::now())
            .into_iter()
            .find_map(|season| Some((before_word(text, &season.name)?, season)))
    }
}

/// The seasons that a zone has from a time on, standard time first; a zone without summer time has but that.
///
/// The C library knows the abbreviation of the time itself, and that of the first change to the other season after it.
fn seasons(zone: &TimeZone, now: Timestamp) -> Vec<Season> {
    let info = zone.to_offset_info(now);
    let here = Season { name: info.abbreviation().to_owned(), summer: info.dst().is_dst() };
    let mut later = zone
        .following(now)
        .map(|change| Season { name: change.abbreviation().to_owned(), summer: change.dst().is_dst() });
    let other = later.find(|season| season.summer != here.summer);
    // Where all is summer time its name stands for standard time.
    let mut all: Vec<Season> = match other {
        None => vec![Season { summer: false, ..here }],
        Some(other) => vec![here, other],
    };
    all.sort_by_key(|season| season.summer);
    all
}

/// What stands before a last word, in whatever case.
pub(super) fn before_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let end = text.len().checked_sub(word.len())?;
    let (before, last) = (text.get(..end)?, text.get(end..)?);
    before.strip_suffix(' ').filter(|_| last.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_the_names_of_its_two_seasons_or_of_its_only_one() {
        let names = |zone: &str| {
            let now = "2026-07-01T00:00:00Z".parse().unwrap();
            let all = seasons(&TimeZone::get(zone).unwrap(), now);
            all.into_iter().map(|season| (season.name, season.summer)).collect::<Vec<_>>()
        };
        assert_eq!(names("Europe/Berlin"), [("CET".to_owned(), false), ("CEST".to_owned(), true)]);
        assert_eq!(names("America/New_York"), [("EST".to_owned(), false), ("EDT".to_owned(), true)]);
        assert_eq!(names("Asia/Kathmandu"), [("+0545".to_owned(), false)]);
    }
}
