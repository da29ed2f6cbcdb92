//! What a CA said when it refused an order or an account, as certbot's log repeats it.

use jiff::Timestamp;

use super::Logged;

/// What every type of an ACME problem begins with. <https://www.rfc-editor.org/rfc/rfc8555#section-6.7>
const ACME_ERROR: &str = "urn:ietf:params:acme:error:";

impl Logged {
    /// The last part of the problem's type and its detail; `None` where the CA spoke of single names, or certbot stopped
    /// by itself. certbot prints `TYPE :: its own words for it :: DETAIL`.
    /// <https://github.com/certbot/certbot/blob/main/acme/src/acme/messages.py>
    pub fn refusal(&self) -> Option<(&str, &str)> {
        let (_, rest) = self.error.split_once(ACME_ERROR)?;
        let (kind, rest) = rest.split_once(" :: ")?;
        Some((kind, rest.split_once(" :: ").map_or(rest, |(_, detail)| detail)))
    }

    /// Until when the CA refuses, where it says so.
    pub fn retry_after(&self) -> Option<Timestamp> {
        retry_after(self.refusal()?.1)
    }
}

/// Until when a CA refuses, where its words say so: `retry after 2026-11-24 03:05:07 UTC`.
/// <https://github.com/letsencrypt/boulder/blob/main/ratelimits/limiter.go>
pub fn retry_after(detail: &str) -> Option<Timestamp> {
    let (_, text) = detail.split_once("retry after ")?;
    let (day, time) = (text.get(..10)?, text.get(11..19)?);
    format!("{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::failed;
    use crate::facts::{HostFacts, Logged};

    fn logged(error: &str) -> Logged {
        let HostFacts { logged, .. } = failed(-1, error, &[]);
        logged.unwrap().remove(0)
    }

    #[test]
    fn the_type_and_the_detail_are_read() {
        let text = "urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given type :: Error \
                    creating new order :: too many certificates (5) already issued";
        assert_eq!(
            logged(text).refusal(),
            Some(("rateLimited", "Error creating new order :: too many certificates (5) already issued"))
        );
        assert_eq!(logged("urn:ietf:params:acme:error:caa :: x").refusal(), Some(("caa", "x")));
        for none in ["Some challenges have failed.", "urn:ietf:params:acme:error:", ""] {
            assert_eq!(logged(none).refusal(), None);
        }
    }

    #[test]
    fn the_time_of_a_limit_is_read_in_both_spellings() {
        let after = |text: &str| {
            let error = format!("urn:ietf:params:acme:error:rateLimited :: too many :: {text}");
            logged(&error).retry_after().map(|at| at.to_string())
        };
        let new = "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-24 03:05:07 UTC: see";
        assert_eq!(after(new).as_deref(), Some("2026-11-24T03:05:07Z"));
        let old = "too many …, retry after 2023-12-14T17:06:00Z: see …";
        assert_eq!(after(old).as_deref(), Some("2023-12-14T17:06:00Z"));
        for none in ["retry after", "retry after a while", "retry after ééééééééééééééééé", ""]
        {
            assert_eq!(after(none), None);
        }
    }
}
