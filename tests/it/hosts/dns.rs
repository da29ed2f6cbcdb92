//! DNS plugins: their credentials, their libraries, and what came of their last attempt.

use expect_test::expect;

use super::{tells_no_fault, tells_only};

#[test]
fn half_of_a_key() {
    tells_only(
        "dns-token-half-a-key",
        "dns-token-invalid-or-scope",
        2,
        expect![[r#"
        will fail  /root/.secrets/cloudflare.ini, the credentials of dns-cloudflare, has dns_cloudflare_email and no dns_cloudflare_api_key  dns-token-invalid-or-scope
          lineages apps.example, shop.example
          saw      /root/.secrets/cloudflare.ini: dns_cloudflare_email
          wanted   what dns-cloudflare asks for
          why      the plugin reads the file at each renewal and stops where a property is missing or one too many; a
                   token that has expired, was revoked or does not reach the zone is refused by the provider
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      complete the file, then try
                   $ certbot renew --cert-name apps.example --dry-run
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 2 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_token_without_a_name() {
    tells_only(
        "dns-token-not-an-ini",
        "dns-token-invalid-or-scope",
        2,
        expect![[r#"
        will fail  apps.example: /root/.secrets/digitalocean.ini, the credentials of dns-digitalocean, cannot be parsed: line 1 is no NAME = VALUE  dns-token-invalid-or-scope
          saw      /root/.secrets/digitalocean.ini:1: is no NAME = VALUE
          wanted   what dns-digitalocean asks for
          why      the plugin reads the file at each renewal and stops where a property is missing or one too many; a
                   token that has expired, was revoked or does not reach the zone is refused by the provider
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      complete the file, then try
                   $ certbot renew --cert-name apps.example --dry-run

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_token_that_was_revoked() {
    tells_only(
        "dns-token-refused",
        "dns-token-invalid-or-scope",
        1,
        expect![[r#"
        may fail   apps.example: on 2026-11-23 dns-cloudflare was refused by its provider, or was not shown the zone  dns-token-invalid-or-scope
          saw      /var/log/letsencrypt/letsencrypt.log:6: Error determining zone_id: 9109 Invalid access token. Please confirm that you have supplied valid Cloudflare API credentials. (Did you enter a valid Cloudflare Token?)
          wanted   a token that may edit the zone
          only     may fail, because seen in certbot's log, and perhaps mended since
          why      the plugin reads the file at each renewal and stops where a property is missing or one too many; a
                   token that has expired, was revoked or does not reach the zone is refused by the provider
          when     already: a renewal has been due since 2026-11-22; the certificate expires on 2026-12-22 (in 28 days)
          fix      see at the provider whether the token still holds, whether it may edit this zone, and from which
                   addresses; then try
                   $ certbot renew --cert-name apps.example --dry-run

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn ten_seconds_were_not_enough() {
    tells_only(
        "propagation-too-short",
        "propagation-too-short",
        1,
        expect![[r#"
        may fail   apps.example: on 2026-11-23 the CA did not find the record that dns-digitalocean had written 10 seconds before  propagation-too-short
          saw      /var/log/letsencrypt/letsencrypt.log:16: No TXT record found at _acme-challenge.apps.example
          wanted   a record that is there when the CA looks
          why      the plugin writes the TXT record, waits for a fixed time and lets the CA look: a name server that
                   gets it later gives the old one or none, and the CA says `No TXT record found` or `Incorrect TXT
                   record`
          when     already: a renewal has been due since 2026-11-22; the certificate expires on 2026-12-22 (in 28 days)
          fix      wait longer; and see that the plugin writes to the zone that the name servers of the domain serve
                   $ certbot reconfigure --cert-name apps.example --dns-digitalocean-propagation-seconds 60
                   $ certbot renew --cert-name apps.example --dry-run

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_library_that_went_on_without_its_plugin() {
    tells_only(
        "dns-plugin-api-broke",
        "dns-plugin-api-broke",
        2,
        expect![[r#"
            will fail  the plugin dns-cloudflare 5.4.0 of certbot 5.8.0 (pip, /opt/certbot/lib/python3.11/site-packages) cannot be loaded: it imports CloudFlare, and cloudflare 4.3.1 does not have it  dns-plugin-api-broke
              lineages apps.example, shop.example
              saw      /opt/certbot/lib/python3.11/site-packages/certbot_dns_cloudflare/_internal/dns_cloudflare.py: import CloudFlare
              wanted   a package with the module CloudFlare, or a plugin that does without
              why      a plugin that cannot be imported stops every certbot command, `renew` included, whatever it is to
                       do: `The … plugin errored while loading`; one that calls a library by its old interface stops when
                       its turn comes
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      upgrade certbot, the plugin and the library together, from the source that they came from
                       $ /opt/certbot/bin/pip install --upgrade certbot certbot-dns-cloudflare cloudflare
                       $ certbot renew --cert-name apps.example --dry-run
                       $ certbot renew --cert-name shop.example --dry-run

            2 lineages: 2 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn five_plugins_with_all_they_need() {
    tells_no_fault(
        "healthy-dns-plugins",
        expect![[r#"
        5 lineages: 5 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}
