//! What the CA refused, as certbot's log tells.

use expect_test::expect;

use super::{tells_no_fault, tells_only};

#[test]
fn too_many_certificates_below_one_domain() {
    tells_only(
        "rl-registered-domain",
        "rl-registered-domain",
        1,
        expect![[r#"
            may fail   the CA refuses a.hosting.example until 2026-11-23 16:21 UTC: too many certificates (50) already issued for "hosting.example" in the last 168h0m0s  rl-registered-domain
              saw      /var/log/letsencrypt/letsencrypt.log:7: 2026-11-23 01:00 UTC: too many certificates (50) already issued for "hosting.example" in the last 168h0m0s, retry after 2026-11-23 16:21:40 UTC: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain
              why      after 50 certificates for names below one registered domain within seven days, from all hosts
                       together, the CA answers `too many certificates (50) already issued`; a renewal with the same names
                       as before is exempt, a new certificate or one with other names is not
              when     already: a renewal has been due since 2026-11-21; the certificate expires on 2026-12-21 (in 27 days)
              fix      leave the names as they were, for a renewal with the same names is exempt, or wait; the CA takes the
                       order again after 2026-11-23 16:21 UTC
                       $ certbot renew --cert-name a.hosting.example

            2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

#[test]
fn a_name_that_the_ca_has_paused() {
    tells_only(
        "rl-paused",
        "rl-paused",
        1,
        expect![[r#"
        may fail   the CA has paused shop.example since 2026-11-23 03:00 UTC: it takes no order until somebody follows its link  rl-paused
          saw      /var/log/letsencrypt/letsencrypt.log:4: Your account is temporarily prevented from requesting certificates for shop.example and possibly others.
          why      after 1,152 failures in a row the CA takes no more orders for the name until a person follows the
                   link in its error; at a run every few minutes that takes days
          when     already: a renewal has been due since 2026-10-29; the certificate expires on 2026-11-29 (in 5 days)
          fix      mend what the validation fails of, then follow the link in the log; if somebody has, the next
                   attempt succeeds
                   $ grep -o 'https://[^ ]*unpause[^ ]*' /var/log/letsencrypt/letsencrypt.log | tail -n 1
                   $ certbot renew --cert-name shop.example

        unknown    the runs since the certificate was due: nothing tells whether the host was running
                   leaves open on 1 lineage: ari-window-missed
        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC, 1 left unknown)
        exit 1
    "#]],
    );
}

#[test]
fn a_limit_that_was_followed_by_a_success() {
    tells_no_fault(
        "healthy-limit-is-over",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}
