//! A healthy host and lineage that each test then breaks in one place.

mod ca;
mod host;
mod judge;
mod lineage;
mod network;

use jiff::{SignedDuration, Timestamp};

pub use ca::*;
pub use host::*;
pub use judge::*;
pub use lineage::*;
pub use network::*;

use crate::facts::{Fact, Missing, Role, Why};

/// The time of all tests: 2026-11-23T12:00:00Z.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_435_200).unwrap()
}

/// A time some days from [`now`], negative for the past.
pub fn days(n: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * n)
}

/// A fact that our own lack of rights hides.
pub fn denied<T>(role: Role) -> Fact<T> {
    Err(Missing::new("/etc/letsencrypt", Why::Denied, role))
}

#[test]
fn the_healthy_host_is_silent() {
    let (lineage, host) = (seen(ca_seen(|_| ()), &["example.com", "www.example.com"]), host());
    for check in super::CHECKS {
        silent(check, &lineage, &host);
    }
}
