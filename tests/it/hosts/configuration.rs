//! One fault in a conf or in cli.ini.

use expect_test::expect;

use super::{tells_all, tells_only};

#[test]
fn a_plugin_of_the_old_server() {
    tells_only(
        "plugin-not-installed",
        "plugin-not-installed",
        2,
        expect![[r#"
        will fail  api.example: the plugin dns-cloudflare is not installed for certbot 4.0.0 (distribution package, /usr/lib/python3/dist-packages)  plugin-not-installed
          saw      /etc/letsencrypt/renewal/api.example.conf:12: authenticator = dns-cloudflare
          wanted   a certbot with the plugin dns-cloudflare
          why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                   installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                   that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      install the plugin, or renew with another authenticator
                   $ apt install python3-certbot-dns-cloudflare

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn one_missing_plugin_on_three_lineages_is_one_finding() {
    tells_only(
        "plugin-not-installed-on-three",
        "plugin-not-installed",
        2,
        expect![[r#"
        will fail  the plugin nginx is not installed for certbot 4.0.0 (distribution package, /usr/lib/python3/dist-packages)  plugin-not-installed
          lineages blog.example, shop.example, wiki.example
          saw      /etc/letsencrypt/renewal/blog.example.conf:12: authenticator = nginx
          saw      /etc/letsencrypt/renewal/shop.example.conf:12: authenticator = nginx
          saw      /etc/letsencrypt/renewal/wiki.example.conf:12: authenticator = nginx
          wanted   a certbot with the plugin nginx
          why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                   installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                   that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      install the plugin, or renew with another authenticator
                   $ apt install python3-certbot-nginx

        4 lineages: 1 will renew, 3 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_installer_that_is_gone() {
    tells_only(
        "plugin-not-installed-only-installer",
        "plugin-not-installed",
        1,
        expect![[r#"
        may fail   shop.example: the installer apache is not installed for certbot 4.0.0 (distribution package, /usr/lib/python3/dist-packages)  plugin-not-installed
          saw      /etc/letsencrypt/renewal/shop.example.conf:14: installer = apache
          wanted   a certbot with the plugin apache
          only     may fail, because certbot renews without its installer, and only reloads no server
          why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                   installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                   that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      install the plugin; or delete line 14 of /etc/letsencrypt/renewal/shop.example.conf and reload the
                   server in a deploy hook
                   $ apt install python3-certbot-apache

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn nobody_is_there_to_do_it_by_hand() {
    tells_only(
        "manual-without-auth-hook",
        "manual-without-auth-hook",
        2,
        expect![[r#"
        will fail  shop.example was made by hand and has no manual_auth_hook to renew it  manual-without-auth-hook
          saw      /etc/letsencrypt/renewal/shop.example.conf:12: authenticator = manual
          wanted   a manual_auth_hook, or another authenticator
          why      on the day it is due certbot stops with `An authentication script must be provided with
                   --manual-auth-hook`; until then `certbot renew` says that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      let certbot answer the challenge by itself, for example through the web server
                   $ certbot reconfigure --cert-name shop.example --webroot -w /var/www/shop.example --preferred-challenges http-01

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_name_without_a_webroot() {
    tells_only(
        "webroot-map-incomplete",
        "webroot-map-incomplete",
        2,
        expect![[r#"
        will fail  the conf of shop.example names no web root for www.shop.example  webroot-map-incomplete
          saw      /etc/letsencrypt/renewal/shop.example.conf:15: [[webroot_map]] does not name it
          wanted   www.shop.example = /its/root
          why      certbot does not know where to put the challenge file: it would ask for the folder, and a timer
                   cannot answer (`Input the webroot for …`, `Missing parts of webroot configuration`)
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      say where its files are
                   $ certbot reconfigure --cert-name shop.example --webroot -w /var/www/shop.example

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_wildcard_with_the_nginx_plugin() {
    tells_only(
        "wildcard-with-non-dns-authenticator",
        "wildcard-with-non-dns-authenticator",
        2,
        expect![[r#"
        will fail  nginx cannot prove *.apps.example: a wildcard needs a DNS challenge  wildcard-with-non-dns-authenticator
          saw      /etc/letsencrypt/renewal/apps.example.conf:12: authenticator = nginx
          wanted   a DNS plugin, or manual with a script for dns-01
          why      the CA offers only dns-01 for a wildcard, so certbot stops with `Client with the currently selected
                   authenticator does not support any combination of challenges that will satisfy the CA`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      use the plugin of your DNS provider
                   $ certbot reconfigure --cert-name apps.example --authenticator dns-PROVIDER

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_wildcard_with_a_webroot() {
    tells_only(
        "wildcard-with-webroot",
        "wildcard-with-non-dns-authenticator",
        2,
        expect![[r#"
        will fail  webroot cannot prove *.apps.example: a wildcard needs a DNS challenge  wildcard-with-non-dns-authenticator
          saw      /etc/letsencrypt/renewal/apps.example.conf:12: authenticator = webroot
          wanted   a DNS plugin, or manual with a script for dns-01
          why      the CA offers only dns-01 for a wildcard, so certbot stops with `Client with the currently selected
                   authenticator does not support any combination of challenges that will satisfy the CA`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      use the plugin of your DNS provider
                   $ certbot reconfigure --cert-name apps.example --authenticator dns-PROVIDER

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_challenge_that_certbot_no_longer_knows() {
    tells_only(
        "preferred-challenge-gone",
        "preferred-challenge-gone",
        2,
        expect![[r#"
        will fail  tls-sni-01 is no challenge that certbot knows, so it refuses the conf of shop.example  preferred-challenge-gone
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: pref_challs = tls-sni-01
          wanted   no such line
          why      the list is a restriction and no wish: certbot either refuses the conf (`Unrecognized challenges`)
                   or stops with `None of the preferred challenges are supported by the selected plugin`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete the line from /etc/letsencrypt/renewal/shop.example.conf, then try it
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_challenge_that_the_plugin_cannot_do() {
    tells_only(
        "preferred-challenge-not-by-this-plugin",
        "preferred-challenge-gone",
        2,
        expect![[r#"
        will fail  shop.example may only use dns-01, and webroot cannot do that  preferred-challenge-gone
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: pref_challs = dns-01
          wanted   no such line
          why      the list is a restriction and no wish: certbot either refuses the conf (`Unrecognized challenges`)
                   or stops with `None of the preferred challenges are supported by the selected plugin`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete the line from /etc/letsencrypt/renewal/shop.example.conf, then try it
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_site_moved_and_the_webroot_did_not() {
    tells_only(
        "webroot-moved-or-deleted",
        "webroot-moved-or-deleted",
        2,
        expect![[r#"
        will fail  docs.example: the web root /var/www/docs-2023 does not exist  webroot-moved-or-deleted
          saw      /etc/letsencrypt/renewal/docs.example.conf:17: docs.example = /var/www/docs-2023
          wanted   an existing folder that the server serves files from
          saw      /etc/nginx/sites-enabled/docs.example:7: the server's root is /srv/docs
          why      certbot silently creates the old path anew and puts the challenge file where no server looks, so the
                   CA gets a 404: `Invalid response from http://…/.well-known/acme-challenge/…: 404`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name the folder that the site is served from now
                   $ certbot reconfigure --cert-name docs.example --webroot -w /srv/docs

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn one_of_two_webroots_is_gone() {
    tells_only(
        "webroot-moved-for-one-name",
        "webroot-moved-or-deleted",
        2,
        expect![[r#"
        will fail  docs.example: the web root /var/www/docs-2023 does not exist  webroot-moved-or-deleted
          saw      /etc/letsencrypt/renewal/docs.example.conf:18: old.docs.example = /var/www/docs-2023
          wanted   an existing folder that the server serves files from
          why      certbot silently creates the old path anew and puts the challenge file where no server looks, so the
                   CA gets a 404: `Invalid response from http://…/.well-known/acme-challenge/…: 404`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name the folder that the site is served from now; DIR is the folder that your web server serves this
                   name from
                   $ sed -i -e 18s,/var/www/docs-2023,DIR, /etc/letsencrypt/renewal/docs.example.conf
                   $ certbot renew --cert-name docs.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_rehearsal_became_the_real_thing() {
    tells_only(
        "staging-server-in-conf",
        "staging-server-in-conf",
        1,
        expect![[r#"
        may fail   beta.example is renewed at a staging server, which no browser trusts  staging-server-in-conf
          saw      /etc/letsencrypt/renewal/beta.example.conf:14: server = https://acme-staging-v02.api.letsencrypt.org/directory
          wanted   server = https://acme-v02.api.letsencrypt.org/directory
          why      renewals work, but no browser trusts what they bring: a staging CA's roots are in no trust store
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      renew it once at the production server, which is then kept
                   $ certbot renew --cert-name beta.example --server https://acme-v02.api.letsencrypt.org/directory --force-renewal

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn renewal_was_switched_off_and_forgotten() {
    tells_only(
        "autorenew-false",
        "autorenew-false",
        2,
        expect![[r#"
        will fail  automatic renewal is switched off for shop.example  autorenew-false
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: autorenew = False
          wanted   autorenew = True, or no such line
          why      `certbot renew` says `not yet due for renewal` and exits 0 for ever, while `certbot renew --dry-run`
                   still passes
          when     the certificate expires on 2027-01-22 (in 59 days)
          fix      switch it on
                   $ sed -i 16s/False/True/ /etc/letsencrypt/renewal/shop.example.conf

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_old_certbot_with_certificates_of_a_week() {
    tells_only(
        "fixed-30-days-with-short-certs",
        "fixed-30-days-with-short-certs",
        2,
        expect![[r#"
        will fail  shop.example lives 160 hours and is renewed 30 days before its end: at every run  fixed-30-days-with-short-certs
          saw      /usr/lib/python3/dist-packages: certbot 2.1.0
          wanted   certbot 4.1 or newer
          saw      /etc/letsencrypt/live/shop.example/cert.pem: a lifetime of 160 hours
          why      certbot before 4.0 renews thirty days before the end whatever the lifetime, so the certificate is
                   always due until the CA answers `too many certificates (5) already issued for this exact set of
                   identifiers`
          when     already: a renewal has been due since 2026-11-23; the certificate expires on 2026-11-29 (in 6 days)
          fix      upgrade certbot, or until then say in the conf when to renew
                   $ sed -i '1i renew_before_expiry = 3 days' /etc/letsencrypt/renewal/shop.example.conf

        note       certbot 5.8.0 wrote the conf of shop.example, and this host has 2.1.0  newer-conf-older-certbot
          saw      /etc/letsencrypt/renewal/shop.example.conf:1: version = 5.8.0
          saw      /usr/lib/python3/dist-packages: certbot 2.1.0 (distribution package)
          fix      install at least the version that wrote the conf, or find out where that certbot went

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_profile_that_the_ca_has_ended() {
    tells_only(
        "required-profile-gone",
        "required-profile-gone",
        2,
        expect![[r#"
            will fail  chat.example requires the profile tlsclient, which ended on 2026-07-08  required-profile-gone
              saw      /etc/letsencrypt/renewal/chat.example.conf:13: required_profile = tlsclient
              wanted   no such line, or one of classic, tlsserver, shortlived
              why      the CA refuses the order (`unrecognized profile name`); a required profile has no fallback, other
                       than preferred_profile
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      delete the line /etc/letsencrypt/renewal/chat.example.conf:13, then try it
                       $ certbot renew --cert-name chat.example --dry-run

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn more_names_than_the_profile_allows() {
    tells_only(
        "profile-name-limit",
        "profile-name-limit",
        2,
        expect![[r#"
        will fail  shop.example has 30 names, and the profile tlsserver takes 25  profile-name-limit
          saw      /etc/letsencrypt/renewal/shop.example.conf:13: required_profile = tlsserver
          wanted   at most 25 names, or the profile classic
          saw      /etc/letsencrypt/live/shop.example/cert.pem: 30 names
          why      the CA refuses the order: tlsserver and shortlived take 25 names, classic takes 100
          when     the renewal due on 2026-12-13 (in 19 days); the certificate expires on 2026-12-28 (in 34 days)
          fix      divide the names among several lineages, or choose the profile classic

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn must_staple_is_refused() {
    tells_only(
        "must-staple",
        "must-staple",
        2,
        expect![[r#"
        will fail  shop.example asks for must-staple, which Let's Encrypt refuses  must-staple
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: must_staple = True
          wanted   no such line
          why      every name is validated, and then the order fails: `OCSP must-staple extension is no longer
                   available`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete the line, then try it
                   $ sed -i '/^must_staple *=/d' /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn must_staple_in_cli_ini_is_one_finding_for_all() {
    tells_only(
        "must-staple-in-cli-ini",
        "must-staple",
        2,
        expect![[r#"
        will fail  /etc/letsencrypt/cli.ini asks for must-staple in every certificate  must-staple
          lineages blog.example, shop.example
          saw      /etc/letsencrypt/cli.ini:6: must-staple = true
          wanted   no such line
          why      every name is validated, and then the order fails: `OCSP must-staple extension is no longer
                   available`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete line 6 of /etc/letsencrypt/cli.ini, then try it
                   $ certbot renew --cert-name blog.example --dry-run
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 2 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn deploy_hook_means_nothing_in_a_conf() {
    tells_only(
        "deploy-hook-wrong-key",
        "deploy-hook-wrong-key",
        1,
        expect![[r#"
        may fail   the deploy hook of vpn.example never runs: its key is renew_hook  deploy-hook-wrong-key
          saw      /etc/letsencrypt/renewal/vpn.example.conf:16: deploy_hook = systemctl restart openvpn-server@main
          wanted   renew_hook = systemctl restart openvpn-server@main
          why      the option is called --deploy-hook, but in the file its key is renew_hook: certbot before 5.3
                   ignores the line and removes it at the next renewal, so the hook never runs
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      rename the key
                   $ sed -i 's/^deploy_hook *=/renew_hook =/' /etc/letsencrypt/renewal/vpn.example.conf

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn two_faults_are_two_findings() {
    tells_all(
        "two-faults",
        &["live-not-symlink", "autorenew-false"],
        2,
        expect![[r#"
        will fail  the four live paths of wiki.example are not symbolic links  live-not-symlink
          saw      /etc/letsencrypt/live/wiki.example/cert.pem: a regular file
          saw      /etc/letsencrypt/live/wiki.example/privkey.pem: a regular file
          saw      /etc/letsencrypt/live/wiki.example/chain.pem: a regular file
          saw      /etc/letsencrypt/live/wiki.example/fullchain.pem: a regular file
          wanted   a symbolic link into archive/
          why      certbot refuses the whole renewal configuration (`expected … to be a symlink`) and skips the lineage
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      link to version 2, the newest complete one
                   $ ln -sfn ../../archive/wiki.example/cert2.pem /etc/letsencrypt/live/wiki.example/cert.pem
                   $ ln -sfn ../../archive/wiki.example/privkey2.pem /etc/letsencrypt/live/wiki.example/privkey.pem
                   $ ln -sfn ../../archive/wiki.example/chain2.pem /etc/letsencrypt/live/wiki.example/chain.pem
                   $ ln -sfn ../../archive/wiki.example/fullchain2.pem /etc/letsencrypt/live/wiki.example/fullchain.pem
                   $ certbot renew --cert-name wiki.example --dry-run

        will fail  automatic renewal is switched off for shop.example  autorenew-false
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: autorenew = False
          wanted   autorenew = True, or no such line
          why      `certbot renew` says `not yet due for renewal` and exits 0 for ever, while `certbot renew --dry-run`
                   still passes
          when     the certificate expires on 2027-01-22 (in 59 days)
          fix      switch it on
                   $ sed -i 16s/False/True/ /etc/letsencrypt/renewal/shop.example.conf

        3 lineages: 1 will renew, 2 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_name_was_lost_on_the_way() {
    tells_only(
        "allow-subset-drops-names",
        "allow-subset-drops-names",
        1,
        expect![[r#"
        may fail   shop.example lost www.shop.example at the last renewal  allow-subset-drops-names
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: allow_subset_of_names = True
          saw      /etc/letsencrypt/archive/shop.example/cert1.pem: shop.example www.shop.example
          saw      /etc/letsencrypt/archive/shop.example/cert2.pem: shop.example
          wanted   shop.example www.shop.example
          why      certbot leaves out a name whose challenge fails and takes the names of the next renewal from the
                   certificate that it has: the name never comes back
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      reissue with every name, if it is still yours
                   $ certbot certonly --cert-name shop.example -d shop.example -d www.shop.example

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_comma_makes_a_list_of_a_hook() {
    tells_only(
        "conf-value-mangled",
        "conf-value-mangled",
        1,
        expect![[r#"
        may fail   renew_hook of shop.example is read as a list of 2  conf-value-mangled
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: renew_hook = systemctl reload nginx, postfix
          wanted   renew_hook = "…" in quotes
          only     may fail, because what certbot makes of a list depends on the key
          why      an unquoted comma turns a text into a list, which certbot's shell and plugin code does not expect;
                   `%(name)s` that refers to nothing makes certbot fail when it reads the value
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      put the value at /etc/letsencrypt/renewal/shop.example.conf:16 in quotes
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_percent_sign_that_refers_to_nothing() {
    tells_only(
        "conf-value-mangled-percent",
        "conf-value-mangled",
        2,
        expect![[r#"
        will fail  renew_hook of shop.example refers to a value that is not there  conf-value-mangled
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: `%(…)s` names `hostname`, which is not set
          wanted   text without `%(…)s`
          why      an unquoted comma turns a text into a list, which certbot's shell and plugin code does not expect;
                   `%(name)s` that refers to nothing makes certbot fail when it reads the value
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      rewrite the value at /etc/letsencrypt/renewal/shop.example.conf:16
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_name_of_the_old_ca_that_the_new_one_refuses() {
    tells_only(
        "identifier-refused",
        "identifier-refused",
        2,
        expect![[r#"
        will fail  wiki.example: Let's Encrypt issues nothing for wiki.internal: it does not end with a public suffix  identifier-refused
          saw      /etc/letsencrypt/live/wiki.example/cert.pem: wiki.internal
          wanted   a public host name
          saw      /etc/letsencrypt/renewal/wiki.example.conf: server = https://acme-v02.api.letsencrypt.org/directory
          why      the order is refused before any challenge, with `rejectedIdentifier` or `malformed`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      reissue without it
                   $ certbot certonly --cert-name wiki.example -d wiki.example

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_address_without_its_profile() {
    tells_only(
        "ip-san-limits",
        "ip-san-limits",
        2,
        expect![[r#"
        will fail  93.184.215.14 is for the address 93.184.215.14 and has no profile  ip-san-limits
          saw      /etc/letsencrypt/live/93.184.215.14/cert.pem: 93.184.215.14
          saw      /etc/letsencrypt/renewal/93.184.215.14.conf: no profile
          wanted   preferred_profile = shortlived
          why      Let's Encrypt issues for addresses in the profile shortlived alone, and only some of certbot's
                   plugins can prove control of an address
          when     the renewal due on 2026-11-25 (in 2 days); the certificate expires on 2026-11-29 (in 5 days)
          fix      give it the profile
                   $ certbot reconfigure --cert-name 93.184.215.14 --preferred-profile shortlived

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_plugin_for_a_virtual_environment() {
    tells_only(
        "plugin-not-installed-pip",
        "plugin-not-installed",
        2,
        expect![[r#"
            will fail  shop.example: the plugin nginx is not installed for certbot 5.8.0 (pip, /opt/certbot/lib/python3.11/site-packages)  plugin-not-installed
              saw      /etc/letsencrypt/renewal/shop.example.conf:9: authenticator = nginx
              wanted   a certbot with the plugin nginx
              why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                       installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                       that all is well
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      install the plugin, or renew with another authenticator
                       $ /opt/certbot/bin/pip install certbot-nginx

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn a_plugin_for_alma_linux() {
    tells_only(
        "plugin-not-installed-rhel",
        "plugin-not-installed",
        2,
        expect![[r#"
        will fail  shop.example: the plugin nginx is not installed for certbot 3.1.0 (distribution package, /usr/lib/python3.9/site-packages)  plugin-not-installed
          saw      /etc/letsencrypt/renewal/shop.example.conf:12: authenticator = nginx
          wanted   a certbot with the plugin nginx
          why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                   installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                   that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      install the plugin, or renew with another authenticator
                   $ dnf install python3-certbot-nginx

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_plugin_that_is_a_snap() {
    tells_only(
        "plugin-not-installed-snap",
        "plugin-not-installed",
        2,
        expect![[r#"
            will fail  shop.example: the plugin dns-route53 is not installed for certbot 5.8.0 (snap, /snap/certbot/current/lib/python3.12/site-packages)  plugin-not-installed
              saw      /etc/letsencrypt/renewal/shop.example.conf:9: authenticator = dns-route53
              wanted   a certbot with the plugin dns-route53
              why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                       installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                       that all is well
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      install the plugin, or renew with another authenticator
                       $ snap set certbot trust-plugin-with-root=ok
                       $ snap install certbot-dns-route53
                       $ snap connect certbot:plugin certbot-dns-route53

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn nobody_is_there_and_certbot_has_no_reconfigure() {
    tells_only(
        "manual-without-auth-hook-debian-12",
        "manual-without-auth-hook",
        2,
        expect![[r#"
        will fail  shop.example was made by hand and has no manual_auth_hook to renew it  manual-without-auth-hook
          saw      /etc/letsencrypt/renewal/shop.example.conf:12: authenticator = manual
          wanted   a manual_auth_hook, or another authenticator
          why      on the day it is due certbot stops with `An authentication script must be provided with
                   --manual-auth-hook`; until then `certbot renew` says that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      let certbot answer the challenge by itself, for example through the web server
                   $ certbot renew --cert-name shop.example --webroot -w /var/www/shop.example --force-renewal

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_script_left_with_its_owner() {
    tells_only(
        "manual-hook-missing-or-broken",
        "manual-hook-missing-or-broken",
        2,
        expect![[r#"
        will fail  shop.example: /home/tom/bin/set-txt.sh, a manual_auth_hook, does not exist  manual-hook-missing-or-broken
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: manual_auth_hook = /home/tom/bin/set-txt.sh
          saw      /home/tom/bin/set-txt.sh: does not exist
          wanted   a program that can be executed
          saw      /etc/letsencrypt/renewal/shop.example.conf:17: manual_cleanup_hook = /home/tom/bin/set-txt.sh --clear
          why      certbot only warns (`Hook '--manual-auth-hook' … reported error code 127`) and goes on, so the CA
                   finds no record or file and refuses the name
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      bring it back, or name the program that does it now
                   $ certbot reconfigure --cert-name shop.example --manual-auth-hook COMMAND --manual-cleanup-hook COMMAND

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_ca_that_has_given_up() {
    tells_only(
        "ca-discontinued",
        "ca-discontinued",
        2,
        expect![[r#"
        will fail  shop.example: Buypass Go SSL has issued no certificate since 2025-10-31  ca-discontinued
          saw      /etc/letsencrypt/renewal/shop.example.conf:14: server = https://api.buypass.com/acme/directory
          wanted   a CA that issues
          why      the CA accepts no order any more, so every renewal fails until the lineage moves to another CA
          when     the certificate expired on 2026-04-18 (219 days ago)
          fix      move to another CA
                   $ certbot renew --cert-name shop.example --server https://acme-v02.api.letsencrypt.org/directory --force-renewal
          hence    the certificate of shop.example expired 219 days ago (certificate-expired)

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn names_in_cli_ini() {
    tells_only(
        "cli-ini-domains",
        "cli-ini-domains",
        2,
        expect![[r#"
        will fail  /etc/letsencrypt/cli.ini names domains, so `certbot renew` stops at once  cli-ini-domains
          saw      /etc/letsencrypt/cli.ini:6: domain = shop.example
          wanted   no such line
          why      certbot puts cli.ini before every command line and stops with `Currently, the renew verb is capable
                   of either renewing all installed certificates that are due to be renewed or renewing a single
                   certificate`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete the line
                   $ sed -i '6d' /etc/letsencrypt/cli.ini

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_option_that_certbot_has_removed() {
    tells_only(
        "cli-ini-unknown-option",
        "cli-ini-unknown-option",
        2,
        expect![[r#"
        will fail  certbot 3.0 removed the option manual-public-ip-logging-ok that /etc/letsencrypt/cli.ini sets  cli-ini-unknown-option
          saw      /etc/letsencrypt/cli.ini:6: manual-public-ip-logging-ok = True
          wanted   no such line
          why      certbot puts cli.ini before every command line and stops with `unrecognized arguments`, exit code 2,
                   before it even opens its log: nothing is renewed
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete the line
                   $ sed -i '6d' /etc/letsencrypt/cli.ini

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn thirty_days_before_the_end_of_a_week() {
    tells_only(
        "renew-before-expiry-wrong",
        "renew-before-expiry-wrong",
        1,
        expect![[r#"
            may fail   shop.example is due at every run: it lives 160 hours, and renew_before_expiry is 30 days  renew-before-expiry-wrong
              saw      /etc/letsencrypt/renewal/shop.example.conf:7: renew_before_expiry = 30 days
              wanted   less than 160 hours
              saw      /etc/letsencrypt/live/shop.example/cert.pem: a lifetime of 160 hours
              why      in a section certbot ignores it; a value that is no interval counts as nothing, so the renewal waits
                       for the expiry; one as long as the lifetime renews at every run until the CA's limit is reached
              when     already: a renewal has been due since 2026-11-23; the certificate expires on 2026-11-29 (in 6 days)
              fix      delete the line: this certbot chooses a good time by itself
                       $ sed -i '/^ *renew_before_expiry *=/d' /etc/letsencrypt/renewal/shop.example.conf
              hence    shop.example will be renewed more than 5 times within a week by 2026-11-26 (rl-exact-set)

            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

#[test]
fn another_key_type_and_the_same_key() {
    tells_only(
        "reuse-key-conflict",
        "reuse-key-conflict",
        2,
        expect![[r#"
        will fail  app.example keeps its ecdsa-p256 key, and /etc/letsencrypt/cli.ini asks for another  reuse-key-conflict
          saw      /etc/letsencrypt/cli.ini:6: key-type = rsa
          wanted   no such line, or ecdsa-p256
          saw      /etc/letsencrypt/renewal/app.example.conf:14: reuse_key = True
          why      certbot stops with `Unable to change the --key-type of this certificate because --reuse-key is set`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      change the key once, or delete the line
                   $ certbot renew --cert-name app.example --new-key --force-renewal

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn staging_in_cli_ini() {
    tells_only(
        "staging-override-refused",
        "staging-override-refused",
        2,
        expect![[r#"
        will fail  shop.example: /etc/letsencrypt/cli.ini sends every renewal to https://acme-staging-v02.api.letsencrypt.org/directory, and certbot refuses  staging-override-refused
          saw      /etc/letsencrypt/cli.ini:6: staging = true
          wanted   no such line
          why      certbot stops with `You've asked to renew/replace a seemingly valid certificate with a test
                   certificate` and renews nothing
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      delete the line
                   $ sed -i '6d' /etc/letsencrypt/cli.ini
          hence    shop.example is renewed at a staging server, which no browser trusts (staging-server-in-conf)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn expired_because_the_plugin_is_gone_is_one_finding() {
    tells_only(
        "expired-because-of-a-missing-plugin",
        "plugin-not-installed",
        2,
        expect![[r#"
        will fail  blog.example: the plugin nginx is not installed for certbot 4.0.0 (distribution package, /usr/lib/python3/dist-packages)  plugin-not-installed
          saw      /etc/letsencrypt/renewal/blog.example.conf:12: authenticator = nginx
          wanted   a certbot with the plugin nginx
          why      on the day the certificate is due certbot stops with `The requested … plugin does not appear to be
                   installed`, or only reloads no server where it is the installer; until then `certbot renew` says
                   that all is well
          when     the certificate expired on 2026-11-20 (3 days ago)
          fix      install the plugin, or renew with another authenticator
                   $ apt install python3-certbot-nginx
          hence    the certificate of blog.example expired 3 days ago (certificate-expired)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn expired_because_renewal_is_off_is_one_finding() {
    tells_only(
        "expired-because-autorenew-is-off",
        "autorenew-false",
        2,
        expect![[r#"
        will fail  automatic renewal is switched off for shop.example  autorenew-false
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: autorenew = False
          wanted   autorenew = True, or no such line
          why      `certbot renew` says `not yet due for renewal` and exits 0 for ever, while `certbot renew --dry-run`
                   still passes
          when     the certificate expired on 2026-11-16 (7 days ago)
          fix      switch it on
                   $ sed -i 16s/False/True/ /etc/letsencrypt/renewal/shop.example.conf
          hence    the certificate of shop.example expired 7 days ago (certificate-expired)

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn one_webroot_of_three_lineages_is_one_finding() {
    tells_only(
        "webroot-deleted-on-three",
        "webroot-moved-or-deleted",
        2,
        expect![[r#"
        will fail  the web root /var/lib/acme-challenges does not exist  webroot-moved-or-deleted
          lineages docs.example, shop.example, wiki.example
          saw      /etc/letsencrypt/renewal/docs.example.conf:17: docs.example = /var/lib/acme-challenges
          wanted   an existing folder that the server serves files from
          saw      /etc/nginx/sites-enabled/docs.example:7: the server's root is /var/www/docs.example
          saw      /etc/letsencrypt/renewal/shop.example.conf:17: shop.example = /var/lib/acme-challenges
          wanted   an existing folder that the server serves files from
          saw      /etc/nginx/sites-enabled/shop.example:7: the server's root is /var/www/shop.example
          saw      /etc/letsencrypt/renewal/wiki.example.conf:17: wiki.example = /var/lib/acme-challenges
          wanted   an existing folder that the server serves files from
          saw      /etc/nginx/sites-enabled/wiki.example:7: the server's root is /var/www/wiki.example
          why      certbot silently creates the old path anew and puts the challenge file where no server looks, so the
                   CA gets a 404: `Invalid response from http://…/.well-known/acme-challenge/…: 404`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name the folder that the site is served from now
                   $ certbot reconfigure --cert-name docs.example --webroot -w /var/www/docs.example
                   $ certbot reconfigure --cert-name shop.example --webroot -w /var/www/shop.example
                   $ certbot reconfigure --cert-name wiki.example --webroot -w /var/www/wiki.example

        4 lineages: 1 will renew, 3 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_webroot_that_the_server_also_names_may_come_back() {
    tells_only(
        "webroot-in-run",
        "webroot-moved-or-deleted",
        1,
        expect![[r#"
        may fail   shop.example: the web root /run/acme does not exist  webroot-moved-or-deleted
          saw      /etc/letsencrypt/renewal/shop.example.conf:17: shop.example = /run/acme
          wanted   an existing folder that the server serves files from
          only     may fail, because a server's configuration names this same folder, and certbot creates it when it is
                   missing
          why      certbot silently creates the old path anew and puts the challenge file where no server looks, so the
                   CA gets a 404: `Invalid response from http://…/.well-known/acme-challenge/…: 404`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      make the folder now and at each boot
                   $ echo 'd /run/acme 0755 root root -' > /etc/tmpfiles.d/acme-challenges.conf
                   $ systemd-tmpfiles --create /etc/tmpfiles.d/acme-challenges.conf

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_wrong_key_explains_that_nothing_reloads() {
    tells_only(
        "only-deploy-hook-has-the-wrong-key",
        "deploy-hook-wrong-key",
        1,
        expect![[r#"
        may fail   the deploy hook of shop.example never runs: its key is renew_hook  deploy-hook-wrong-key
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: deploy_hook = systemctl reload nginx
          wanted   renew_hook = systemctl reload nginx
          why      the option is called --deploy-hook, but in the file its key is renew_hook: certbot before 5.3
                   ignores the line and removes it at the next renewal, so the hook never runs
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      rename the key
                   $ sed -i 's/^deploy_hook *=/renew_hook =/' /etc/letsencrypt/renewal/shop.example.conf

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}
