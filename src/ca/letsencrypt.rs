//! Let's Encrypt's profiles, dates and limits.

use jiff::civil::date;

use super::{AriWindow, DAY, Dated, HOUR, Limits, Profile};

const PROFILES_PAGE: &str = "https://letsencrypt.org/docs/profiles/";
/// "Decreasing Certificate Lifetimes to 45 Days", 2025-12-02.
const TO_45_DAYS: &str = "https://letsencrypt.org/2025/12/02/from-90-to-45";
const FIRST_DAY: jiff::civil::Date = date(2015, 12, 3);

const CLASSIC: Profile = Profile {
    name: "classic",
    max_names: 100,
    gone_since: None,
    source: PROFILES_PAGE,
    lifetimes: &[
        Dated { since: FIRST_DAY, value: 90 * DAY, source: PROFILES_PAGE },
        Dated { since: date(2027, 2, 10), value: 64 * DAY, source: TO_45_DAYS },
        Dated { since: date(2028, 2, 16), value: 45 * DAY, source: TO_45_DAYS },
    ],
    reuse: &[
        Dated { since: FIRST_DAY, value: 30 * DAY, source: PROFILES_PAGE },
        Dated { since: date(2027, 2, 10), value: 10 * DAY, source: TO_45_DAYS },
        Dated { since: date(2028, 2, 16), value: 7 * HOUR, source: TO_45_DAYS },
    ],
};

/// The profiles of Let's Encrypt, those gone included; the first is the one of an order that names none.
pub const PROFILES: &[Profile] = &[
    CLASSIC,
    Profile {
        name: "tlsserver",
        max_names: 25,
        gone_since: None,
        source: PROFILES_PAGE,
        lifetimes: &[
            Dated { since: FIRST_DAY, value: 90 * DAY, source: PROFILES_PAGE },
            Dated { since: date(2026, 5, 13), value: 45 * DAY, source: TO_45_DAYS },
        ],
        reuse: &[Dated { since: FIRST_DAY, value: 7 * HOUR, source: PROFILES_PAGE }],
    },
    Profile {
        name: "shortlived",
        max_names: 25,
        gone_since: None,
        source: PROFILES_PAGE,
        lifetimes: &[Dated { since: FIRST_DAY, value: 160 * HOUR, source: PROFILES_PAGE }],
        reuse: &[Dated { since: FIRST_DAY, value: 7 * HOUR, source: PROFILES_PAGE }],
    },
    Profile { name: "tlsclient", gone_since: Some("2026-07-08"), ..CLASSIC },
];

/// Where Let's Encrypt suggests to renew: centred on two thirds of the lifetime, or half of it below ten days, and one
/// hundredth of the lifetime to either side. <https://github.com/letsencrypt/boulder/blob/main/core/objects.go>
pub const ARI: AriWindow =
    AriWindow { centre: (2, 3), short_below: 10 * DAY, short_centre: (1, 2), margin: (1, 100) };

/// <https://letsencrypt.org/docs/rate-limits/>
pub const LIMITS: Limits = Limits {
    same_names: 5,
    same_names_within: 7 * DAY,
    per_domain: 50,
    per_domain_within: 7 * DAY,
    failures_per_hour: 5,
    failures_until_paused: 1152,
    failures_forgiven_per_day: 1,
    source: "https://letsencrypt.org/docs/rate-limits/",
};
