//! What kept the CA out, as certbot's log and the host's own rules tell.

use expect_test::expect;

use super::{tells_no_fault, tells_only};

#[test]
fn two_countries_alone_get_in() {
    tells_only(
        "geo-or-asn-blocking",
        "geo-or-asn-blocking",
        1,
        expect![[r#"
            may fail   from some parts of the world the CA did not get through to shop.example and www.shop.example: During secondary validation: 203.0.113.7: Fetching http://shop.example/.well-known/acme-challenge/Zx: Connection reset by peer  geo-or-asn-blocking
              saw      /var/log/letsencrypt/letsencrypt.log:17: 2026-11-23 03:00 UTC: shop.example: During secondary validation: 203.0.113.7: Fetching http://shop.example/.well-known/acme-challenge/Zx: Connection reset by peer
              saw      /var/log/letsencrypt/letsencrypt.log:17: 2026-11-23 03:00 UTC: www.shop.example: During secondary validation: 203.0.113.7: Fetching http://www.shop.example/.well-known/acme-challenge/Yq: Connection reset by peer
              saw      /etc/nginx/conf.d/countries.conf:13: if ($welcome = no) { return 444; }
              wanted   an exception for /.well-known/acme-challenge/
              why      the CA looks from several parts of the world at once, which it does not tell and which change, and
                       wants nearly all of them to get through: `During secondary validation: …`
              when     already: a renewal has been due since 2026-11-18; the certificate expires on 2026-12-19 (in 25 days)
              fix      except /.well-known/acme-challenge/ from the rule, or validate over DNS-01
                       $ certbot renew --cert-name shop.example --dry-run

            unknown    the runs since the certificate was due: nothing tells whether the host was running
                       leaves open on 1 lineage: ari-window-missed
            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC, 1 left unknown)
            exit 1
        "#]],
    );
}

#[test]
fn countries_in_a_log_and_lists_of_the_unwanted() {
    tells_no_fault(
        "healthy-geo-for-logs-only",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_packet_filter_that_lets_four_countries_in() {
    tells_no_fault(
        "healthy-geo-allow-list",
        expect![[r#"
            note       only visitors from some countries or networks get in to port 80 of shop.example: the CA looks from several  geo-or-asn-blocking
              saw      /etc/nftables.conf:10: tcp dport { 80, 443 } ip saddr @geoip4_us_se_de_sg accept
              wanted   port 80 open to everybody
              only     a note, because no attempt is known that failed of it
              fix      let everybody in to port 80, or validate over DNS-01
                       $ certbot renew --cert-name shop.example --dry-run

            1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 0
        "#]],
    );
}

#[test]
fn bans_beside_a_refusal() {
    tells_no_fault(
        "ips-or-fail2ban",
        expect![[r#"
        note       the CA could not connect to shop.example, and fail2ban bans attackers here: 203.0.113.7: Fetching http://shop.example/.well-known/acme-challenge/Zx: Connection refused  ips-or-fail2ban
          saw      /var/log/letsencrypt/letsencrypt.log:10: 2026-11-23 03:00 UTC: shop.example: 203.0.113.7: Fetching http://shop.example/.well-known/acme-challenge/Zx: Connection refused
          saw      /etc/fail2ban/jail.local:2: the jail [nginx-botsearch] bans on port = http,https
          only     a note, because nothing tells whether this host can be reached otherwise
          fix      look for addresses that asked for /.well-known/acme-challenge/, lift their bans, and try
                   $ fail2ban-client banned
                   $ certbot renew --cert-name shop.example --dry-run

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}
