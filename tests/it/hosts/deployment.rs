//! One fault in the account, a hook, a server's configuration or a key's mode.

use expect_test::expect;

use super::tells_only;

#[test]
fn the_confs_were_copied_and_the_account_was_not() {
    tells_only(
        "account-dir-missing",
        "account-dir-missing",
        2,
        expect![[r#"
        will fail  shop.example: the account 5f0c1d2e3a4b59687766554433221100 is not on this host  account-dir-missing
          saw      /etc/letsencrypt/renewal/shop.example.conf:11: account = 5f0c1d2e3a4b59687766554433221100
          wanted   the folder /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/5f0c1d2e3a4b59687766554433221100
          saw      /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/[ACCOUNT]: an account of the same server
          why      on the day the certificate is due certbot stops with `Account at …/accounts/… does not exist`; until
                   then `certbot renew` says that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      use the account [ACCOUNT]
                   $ sed -i 's/^account *=.*/account = [ACCOUNT]/' /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_account_key_that_was_cut_off() {
    tells_only(
        "account-key-corrupt",
        "account-key-corrupt",
        2,
        expect![[r#"
        will fail  shop.example: the account 5f0c1d2e3a4b59687766554433221100 cannot be loaded  account-key-corrupt
          saw      /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/5f0c1d2e3a4b59687766554433221100/private_key.json: it is not JSON
          wanted   the JSON that certbot wrote
          why      on the day the certificate is due certbot stops at the account's files; until then `certbot renew`
                   says that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      restore the account's files from a backup; without one, use the account
                   [ACCOUNT]
                   $ sed -i 's/^account *=.*/account = [ACCOUNT]/' /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn two_accounts_and_a_conf_that_names_neither() {
    tells_only(
        "multiple-accounts-ambiguous",
        "multiple-accounts-ambiguous",
        2,
        expect![[r#"
        will fail  shop.example does not say which of 2 accounts to use  multiple-accounts-ambiguous
          saw      /etc/letsencrypt/renewal/shop.example.conf: no `account` in [renewalparams]
          wanted   account = [ACCOUNT] or another
          saw      /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/[ACCOUNT]: made 2025-10-19T12:00:00Z
          saw      /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/[ACCOUNT]: made 2025-10-19T12:00:00Z
          why      certbot asks `Please choose an account`, and from a timer or cron that is an error on the day the
                   certificate is due
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name one of the accounts of acme-v02.api.letsencrypt.org/directory
                   $ sed -i '/^\[renewalparams\]/a account = [ACCOUNT]' /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn nothing_reloads_the_server() {
    tells_only(
        "no-reload-at-all",
        "no-reload-at-all",
        1,
        expect![[r#"
        may fail   nothing reloads nginx after a renewal of shop.example  no-reload-at-all
          saw      /etc/nginx/sites-enabled/shop.example:20: ssl_certificate /etc/letsencrypt/live/shop.example/fullchain.pem
          saw      /etc/letsencrypt/renewal/shop.example.conf: no installer, renew_hook or post_hook
          wanted   a hook that reloads the server
          saw      /etc/letsencrypt/renewal-hooks: no executable file in deploy or post
          why      the new certificate lies on disk while the server goes on serving the old one from memory until it
                   expires
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      reload it after each renewal
                   $ printf '#!/bin/sh\nsystemctl reload nginx\n' > /etc/letsencrypt/renewal-hooks/deploy/reload-nginx
                   $ chmod 755 /etc/letsencrypt/renewal-hooks/deploy/reload-nginx

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_hook_that_certbot_skips() {
    tells_only(
        "hook-not-executable",
        "hook-not-executable",
        1,
        expect![[r#"
        may fail   /etc/letsencrypt/renewal-hooks/deploy/20-upload-to-cdn.sh is not executable, so certbot never runs it  hook-not-executable
          saw      /etc/letsencrypt/renewal-hooks/deploy/20-upload-to-cdn.sh: mode 0644
          wanted   mode 0755
          why      certbot lists only executable files of its hook folders and passes over the others without a word,
                   so what the script should reload is not reloaded
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      let certbot run it
                   $ chmod 755 /etc/letsencrypt/renewal-hooks/deploy/20-upload-to-cdn.sh

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn nginx_names_a_numbered_file() {
    tells_only(
        "points-at-archive-version",
        "points-at-archive-version",
        1,
        expect![[r#"
        may fail   nginx names fullchain3.pem of shop.example and will never see the next version  points-at-archive-version
          saw      /etc/nginx/sites-enabled/shop.example:20: ssl_certificate /etc/letsencrypt/archive/shop.example/fullchain3.pem
          wanted   /etc/letsencrypt/live/shop.example/fullchain.pem
          saw      /etc/nginx/sites-enabled/shop.example:21: ssl_certificate_key /etc/letsencrypt/archive/shop.example/privkey3.pem
          wanted   /etc/letsencrypt/live/shop.example/privkey.pem
          why      the next renewal writes the next number and the server goes on with this one until it expires; later
                   certbot deletes the file, and the server's reload fails
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      replace /etc/letsencrypt/archive/shop.example/KINDn.pem by
                   /etc/letsencrypt/live/shop.example/KIND.pem, then reload nginx

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn nginx_sends_the_leaf_alone() {
    tells_only(
        "leaf-only-chain",
        "leaf-only-chain",
        1,
        expect![[r#"
        may fail   nginx sends shop.example without its intermediates  leaf-only-chain
          saw      /etc/nginx/sites-enabled/shop.example:20: ssl_certificate /etc/letsencrypt/live/shop.example/cert.pem
          wanted   ssl_certificate /etc/letsencrypt/live/shop.example/fullchain.pem
          why      browsers often help themselves, but curl, phones, mail servers and webhooks cannot build the chain
                   and refuse it
          when     now; the certificate expires on 2027-01-22 (in 59 days)
          fix      name fullchain.pem there, then reload nginx

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn postfix_sends_the_leaf_alone() {
    tells_only(
        "leaf-only-chain-postfix",
        "leaf-only-chain",
        1,
        expect![[r#"
        may fail   postfix sends mail.example without its intermediates  leaf-only-chain
          saw      /etc/postfix/main.cf:1: smtpd_tls_cert_file /etc/letsencrypt/live/mail.example/cert.pem
          wanted   smtpd_tls_cert_file /etc/letsencrypt/live/mail.example/fullchain.pem
          why      browsers often help themselves, but curl, phones, mail servers and webhooks cannot build the chain
                   and refuse it
          when     now; the certificate expires on 2027-01-22 (in 59 days)
          fix      name fullchain.pem there, then reload postfix

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_key_that_everybody_can_read() {
    tells_only(
        "privkey-world-readable",
        "privkey-world-readable",
        1,
        expect![[r#"
        may fail   everybody may read the private key of shop.example  privkey-world-readable
          saw      /etc/letsencrypt/archive/shop.example/privkey2.pem: mode 0644
          wanted   mode 0600, or 0640 with a group
          why      any local user or broken-into service can copy the key; some servers refuse such a file, and a CA
                   must revoke the certificate of a key that leaked
          when     now; the certificate expires on 2027-01-22 (in 59 days)
          fix      take the right away
                   $ chmod o= /etc/letsencrypt/archive/shop.example/privkey2.pem

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_renamed_account_folder() {
    tells_only(
        "account-id-differs",
        "account-id-differs",
        1,
        expect![[r#"
        may fail   shop.example: the key of the account 5f0c1d2e3a4b59687766554433221100 belongs to the account [ACCOUNT]  account-id-differs
          saw      /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/5f0c1d2e3a4b59687766554433221100/private_key.json: a key with the id [ACCOUNT]
          wanted   the id 5f0c1d2e3a4b59687766554433221100
          why      certbot loads the folder and goes on with the key's id, which it writes into the conf: the renewal
                   after the next looks for a folder that does not exist; and if the key was exchanged, the CA refuses
                   the very next one
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      if the folder was renamed, give it back its name and name it in the confs
                   $ mv /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/5f0c1d2e3a4b59687766554433221100 /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/[ACCOUNT]
                   $ sed -i 's/^account *= *5f0c1d2e3a4b59687766554433221100/account = [ACCOUNT]/' /etc/letsencrypt/renewal/*.conf

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn one_missing_account_of_three_lineages_is_one_finding() {
    tells_only(
        "account-dir-missing-on-three",
        "account-dir-missing",
        2,
        expect![[r#"
        will fail  the account 5f0c1d2e3a4b59687766554433221100 is not on this host  account-dir-missing
          lineages docs.example, shop.example, wiki.example
          saw      /etc/letsencrypt/renewal/docs.example.conf:11: account = 5f0c1d2e3a4b59687766554433221100
          wanted   the folder /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/5f0c1d2e3a4b59687766554433221100
          saw      /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/[ACCOUNT]: an account of the same server
          saw      /etc/letsencrypt/renewal/shop.example.conf:11: account = 5f0c1d2e3a4b59687766554433221100
          saw      /etc/letsencrypt/renewal/wiki.example.conf:11: account = 5f0c1d2e3a4b59687766554433221100
          wanted   the folder /etc/letsencrypt/accounts/acme-v02.api.letsencrypt.org/directory/5f0c1d2e3a4b59687766554433221100
          why      on the day the certificate is due certbot stops with `Account at …/accounts/… does not exist`; until
                   then `certbot renew` says that all is well
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      use the account [ACCOUNT]
                   $ sed -i 's/^account *=.*/account = [ACCOUNT]/' /etc/letsencrypt/renewal/docs.example.conf
                   $ certbot renew --cert-name docs.example --dry-run
                   $ sed -i 's/^account *=.*/account = [ACCOUNT]/' /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run
                   $ sed -i 's/^account *=.*/account = [ACCOUNT]/' /etc/letsencrypt/renewal/wiki.example.conf
                   $ certbot renew --cert-name wiki.example --dry-run

        4 lineages: 1 will renew, 3 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_skipped_hook_explains_that_nothing_reloads() {
    tells_only(
        "only-hook-not-executable",
        "hook-not-executable",
        1,
        expect![[r#"
        may fail   /etc/letsencrypt/renewal-hooks/deploy/reload-nginx.sh is not executable, so certbot never runs it  hook-not-executable
          saw      /etc/letsencrypt/renewal-hooks/deploy/reload-nginx.sh: mode 0644
          wanted   mode 0755
          why      certbot lists only executable files of its hook folders and passes over the others without a word,
                   so what the script should reload is not reloaded
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      let certbot run it
                   $ chmod 755 /etc/letsencrypt/renewal-hooks/deploy/reload-nginx.sh
          hence    nothing reloads nginx after a renewal of shop.example (no-reload-at-all)

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_link_of_the_servers_own_is_followed() {
    tells_only(
        "points-at-archive-through-a-link",
        "points-at-archive-version",
        1,
        expect![[r#"
        may fail   nginx names fullchain2.pem of shop.example and will never see the next version  points-at-archive-version
          saw      /etc/nginx/sites-enabled/shop.example:20: ssl_certificate /etc/nginx/ssl/site.pem -> /etc/letsencrypt/archive/shop.example/fullchain2.pem
          wanted   /etc/letsencrypt/live/shop.example/fullchain.pem
          why      the next renewal writes the next number and the server goes on with this one until it expires; later
                   certbot deletes the file, and the server's reload fails
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      replace /etc/letsencrypt/archive/shop.example/KINDn.pem by
                   /etc/letsencrypt/live/shop.example/KIND.pem, then reload nginx

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}
