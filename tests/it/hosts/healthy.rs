//! Hosts that are healthy in unusual ways: no finding but notes, exit 0.

use expect_test::expect;

use super::tells_no_fault;

#[test]
fn debians_timer_with_its_inert_cron_line_is_healthy() {
    tells_no_fault(
        "healthy-debian-inert-cron",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_tree_of_certbot_2_1_is_healthy() {
    tells_no_fault(
        "healthy-certbot-2-1",
        expect![[r#"
        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_tree_of_certbot_5_8_is_healthy() {
    tells_no_fault(
        "healthy-certbot-5-8",
        expect![[r#"
        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn the_snap_is_healthy() {
    tells_no_fault(
        "healthy-snap",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_plugin_that_is_a_snap_of_its_own_is_installed() {
    tells_no_fault(
        "healthy-snap-dns-plugin",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn alma_linux_with_its_timer_enabled_is_healthy() {
    tells_no_fault(
        "healthy-rhel",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_crontab_line_for_a_certbot_in_a_virtual_environment_is_a_schedule() {
    tells_no_fault(
        "healthy-pip-venv-user-crontab",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn containers_that_renew_in_a_loop_are_healthy() {
    tells_no_fault(
        "healthy-docker-compose",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_cron_line_that_starts_a_container_is_a_schedule() {
    tells_no_fault(
        "healthy-docker-cron",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_service_that_reloads_nginx_after_certbot_needs_no_hook() {
    tells_no_fault(
        "healthy-reload-after-the-run",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_masked_timer_is_no_fault_where_a_crontab_does_its_work() {
    tells_no_fault(
        "timer-masked-but-cron-works",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn lock_files_that_nobody_holds_mean_nothing() {
    tells_no_fault(
        "healthy-leftover-lock-files",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn copies_beside_the_confs_and_hooks_mean_nothing() {
    tells_no_fault(
        "healthy-editor-backups",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn other_things_in_certbots_folder_mean_nothing() {
    tells_no_fault(
        "healthy-other-things-in-letsencrypt",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_conf_with_windows_line_ends_is_read() {
    tells_no_fault(
        "healthy-crlf-conf",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn quotes_and_remarks_in_a_conf_are_taken_off() {
    tells_no_fault(
        "healthy-quoted-values",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_conf_of_2016_with_options_long_gone_still_renews() {
    tells_no_fault(
        "healthy-ancient-conf",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn webroot_path_serves_all_names_without_a_map() {
    tells_no_fault(
        "healthy-webroot-path-only",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn early_versions_may_be_gone() {
    tells_no_fault(
        "healthy-early-versions-deleted",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn forty_versions_are_no_fault() {
    tells_no_fault(
        "healthy-forty-versions",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_gap_in_the_archive_is_no_fault() {
    tells_no_fault(
        "healthy-gap-in-archive",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn absolute_links_in_live_are_as_good_as_relative_ones() {
    tells_no_fault(
        "healthy-absolute-links",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn certbots_folder_may_itself_be_a_link() {
    tells_no_fault(
        "healthy-letsencrypt-is-a-link",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn commands_may_name_the_folder_behind_the_link_and_a_lineage_by_its_names() {
    tells_no_fault(
        "healthy-config-dir-behind-a-link",
        expect![[r#"
        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_reused_key_that_is_a_link_in_the_archive_is_healthy() {
    tells_no_fault(
        "healthy-reuse-key",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn the_same_names_for_rsa_and_ecdsa_are_no_duplicate() {
    tells_no_fault(
        "healthy-rsa-and-ecdsa-twins",
        expect![[r#"
        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_lone_0001_is_no_duplicate() {
    tells_no_fault(
        "healthy-lone-0001",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn an_expired_lineage_that_nobody_uses_is_a_note() {
    tells_no_fault(
        "healthy-unused-expired-lineage",
        expect![[r#"
        note       the certificate of summerfair.example expired 130 days ago  certificate-expired
          saw      /etc/letsencrypt/live/summerfair.example/cert.pem: notAfter 2026-07-16T11:59:59Z
          wanted   after 2026-11-23T12:00:00Z
          only     a note, because no server found on this host names this lineage
          fix      delete it, if nothing needs it any more
                   $ certbot delete --cert-name summerfair.example

        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_certificate_that_is_due_tonight_is_healthy() {
    tells_no_fault(
        "healthy-due-tonight",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_host_without_certificates_is_healthy() {
    tells_no_fault(
        "healthy-no-certificates-yet",
        expect![[r#"
        0 lineages (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_wildcard_with_its_dns_plugin_is_healthy() {
    tells_no_fault(
        "healthy-wildcard-dns",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn manual_with_its_hooks_renews_by_itself() {
    tells_no_fault(
        "healthy-manual-with-hooks",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn standalone_that_stops_and_starts_nginx_is_healthy() {
    tells_no_fault(
        "healthy-standalone-with-hooks",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_private_ca_with_ten_day_certificates_is_healthy() {
    tells_no_fault(
        "healthy-private-ca",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn another_public_ca_is_healthy() {
    tells_no_fault(
        "healthy-zerossl",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_short_lived_certificate_for_ip_addresses_is_healthy() {
    tells_no_fault(
        "healthy-ip-address",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn several_staging_accounts_do_not_matter_to_renewals() {
    tells_no_fault(
        "healthy-several-staging-accounts",
        expect![[r#"
        note       shop.example: `certbot renew --dry-run` will ask which of 2 staging accounts to use; renewals do not  multiple-accounts-ambiguous
          saw      /etc/letsencrypt/accounts/acme-staging-v02.api.letsencrypt.org/directory/[ACCOUNT]: a staging account
          saw      /etc/letsencrypt/accounts/acme-staging-v02.api.letsencrypt.org/directory/[ACCOUNT]: a staging account
          only     a note, because only dry runs are concerned
          fix      keep one of the staging accounts
                   $ mv /etc/letsencrypt/accounts/acme-staging-v02.api.letsencrypt.org/directory/[ACCOUNT] /root/

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn two_accounts_are_no_fault_where_each_conf_names_its_own() {
    tells_no_fault(
        "healthy-two-accounts-one-named",
        expect![[r#"
        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_deploy_hook_in_cli_ini_is_a_reload() {
    tells_no_fault(
        "healthy-hook-in-cli-ini",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_mail_server_without_a_web_server_is_healthy() {
    tells_no_fault(
        "healthy-postfix-only",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_combined_file_that_a_hook_rebuilds_is_healthy() {
    tells_no_fault(
        "healthy-haproxy-combined",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_readable_key_behind_closed_folders_is_a_note_at_most() {
    tells_no_fault(
        "healthy-old-key-mode-behind-closed-folders",
        expect![[r#"
        note       everybody may read the private key of shop.example  privkey-world-readable
          saw      /etc/letsencrypt/archive/shop.example/privkey2.pem: mode 0644
          wanted   mode 0600, or 0640 with a group
          saw      /etc/letsencrypt/archive: others may not pass
          only     a note, because a folder on the way keeps others out
          fix      take the right away
                   $ chmod o= /etc/letsencrypt/archive/shop.example/privkey2.pem

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_key_for_a_group_is_no_fault() {
    tells_no_fault(
        "healthy-key-group",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn an_old_certbot_with_a_week_long_certificate_of_a_private_ca_is_a_note() {
    tells_no_fault(
        "healthy-old-certbot-at-a-private-ca",
        expect![[r#"
            note       wiki.internal.example lives 160 hours and is renewed 30 days before its end: at every run  fixed-30-days-with-short-certs
              saw      /usr/lib/python3/dist-packages: certbot 2.1.0
              wanted   certbot 4.1 or newer
              saw      /etc/letsencrypt/live/wiki.internal.example/cert.pem: a lifetime of 160 hours
              only     a note, because this CA's limits are not known to be as low as Let's Encrypt's
              fix      upgrade certbot, or until then say in the conf when to renew
                       $ sed -i '1i renew_before_expiry = 3 days' /etc/letsencrypt/renewal/wiki.internal.example.conf

            1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 0
        "#]],
    );
}

#[test]
fn an_update_that_certbot_heals_itself_is_a_note() {
    tells_no_fault(
        "healthy-interrupted-update",
        expect![[r#"
        note       an update of the live links of shop.example was cut off  interrupted-update-previous-links
          saw      /etc/letsencrypt/live/shop.example/previous_cert.pem: a link
          saw      /etc/letsencrypt/live/shop.example/previous_privkey.pem: a link
          saw      /etc/letsencrypt/live/shop.example/previous_chain.pem: a link
          saw      /etc/letsencrypt/live/shop.example/previous_fullchain.pem: a link
          wanted   nothing
          only     a note, because all four are there, so certbot restores them by itself
          fix      let certbot clean up, then reload by hand what uses the certificate
                   $ certbot renew --cert-name shop.example
                   $ systemctl reload nginx

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_key_of_another_kind_is_a_note() {
    tells_no_fault(
        "healthy-key-type-flipped",
        expect![[r#"
        note       the key of shop.example changed from rsa-2048 to ecdsa-p256  key-type-flipped
          saw      /etc/letsencrypt/archive/shop.example/cert1.pem: rsa-2048
          saw      /etc/letsencrypt/archive/shop.example/cert2.pem: ecdsa-p256
          saw      /etc/letsencrypt/renewal/shop.example.conf: no `key_type` in [renewalparams]
          fix      where the old type is needed, go back to it
                   $ certbot renew --cert-name shop.example --key-type rsa --force-renewal

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_next_question_far_in_the_future_is_a_note() {
    tells_no_fault(
        "healthy-ari-retry-after-far-future",
        expect![[r#"
        note       certbot will not ask the CA when to renew shop.example for 180 days  ari-retry-after-far-future
          saw      /etc/letsencrypt/renewal/shop.example.conf:14: ari_retry_after = 2027-05-22T12:00:00
          wanted   a time within a day
          fix      remove the line
                   $ sed -i '14d' /etc/letsencrypt/renewal/shop.example.conf

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn links_left_behind_by_an_update_are_a_note() {
    tells_no_fault(
        "healthy-interrupted-cleanup",
        expect![[r#"
        note       an update of the live links of shop.example was cut off  interrupted-update-previous-links
          saw      /etc/letsencrypt/live/shop.example/previous_privkey.pem: a link
          saw      /etc/letsencrypt/live/shop.example/previous_chain.pem: a link
          saw      /etc/letsencrypt/live/shop.example/previous_fullchain.pem: a link
          wanted   nothing
          only     a note, because the four live links agree, and certbot removes the rest by itself
          fix      let certbot clean up, then reload by hand what uses the certificate
                   $ certbot renew --cert-name shop.example
                   $ systemctl reload nginx

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn apache_with_its_plugin_is_healthy() {
    tells_no_fault(
        "healthy-apache-debian",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn alpine_with_a_periodic_script_is_healthy() {
    tells_no_fault(
        "healthy-alpine",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_timer_of_the_house_that_calls_a_script_is_a_schedule() {
    tells_no_fault(
        "healthy-own-timer",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_script_in_cron_daily_is_a_schedule() {
    tells_no_fault(
        "healthy-cron-daily",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn certificate_lines_may_stand_in_a_snippet() {
    tells_no_fault(
        "healthy-nginx-snippets",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_hook_may_be_a_link() {
    tells_no_fault(
        "healthy-hook-is-a-link",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn deploy_hook_beside_renew_hook_is_no_fault() {
    tells_no_fault(
        "healthy-both-hook-keys",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_plugin_of_a_third_party_is_installed() {
    tells_no_fault(
        "healthy-third-party-dns-plugin",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn what_apt_remove_leaves_beside_the_snap_is_no_fault() {
    tells_no_fault(
        "healthy-deb-and-snap",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn forty_names_are_no_fault_in_the_default_profile() {
    tells_no_fault(
        "healthy-forty-names",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_backup_of_etc_is_judged_by_what_it_holds() {
    tells_no_fault(
        "only-etc",
        expect![[r#"
            unknown    /usr: no such file
                       leaves open on 2 lineages: plugin-not-installed, newer-conf-older-certbot, two-certbots
            unknown    /var/www/shop.example: /var is not in this tree
                       leaves open on 1 lineage: webroot-moved-or-deleted
            unknown    the times: the timer's file is not in this tree
                       leaves open on 2 lineages: force-renewal-in-schedule, interval-too-long, attempts-too-few, schedule-insufficient-from-date, last-run-too-old, ari-window-missed and 4 more
            2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC, 3 left unknown)
            exit 0
        "#]],
    );
}

#[test]
fn the_address_of_acme_v1_is_a_note() {
    tells_no_fault(
        "healthy-acmev1-server",
        expect![[r#"
        note       shop.example still names a server of ACMEv1  acmev1-server
          saw      /etc/letsencrypt/renewal/shop.example.conf:14: server = https://acme-v01.api.letsencrypt.org/directory
          wanted   server = https://acme-v02.api.letsencrypt.org/directory
          only     a note, because this certbot takes the v2 server instead
          fix      name the server of today
                   $ sed -i 's|^server *=.*|server = https://acme-v02.api.letsencrypt.org/directory|' /etc/letsencrypt/renewal/shop.example.conf

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_conf_of_a_newer_certbot_is_a_note() {
    tells_no_fault(
        "healthy-newer-conf-older-certbot",
        expect![[r#"
        note       certbot 5.8.0 wrote the conf of shop.example, and this host has 4.0.0  newer-conf-older-certbot
          saw      /etc/letsencrypt/renewal/shop.example.conf:1: version = 5.8.0
          saw      /usr/lib/python3/dist-packages: certbot 4.0.0 (distribution package)
          fix      install at least the version that wrote the conf, or find out where that certbot went

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn two_certbots_are_a_note() {
    tells_no_fault(
        "healthy-two-certbots",
        expect![[r#"
        note       2 certbots share /etc/letsencrypt  two-certbots
          saw      /usr/lib/python3/dist-packages: certbot 2.1.0 (distribution package)
          saw      /snap/certbot/current/lib/python3.12/site-packages: certbot 5.8.0 (snap)
          fix      keep one: remove the package certbot (apt, dnf, apk …), or snap remove certbot, or delete the
                   virtual environment

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn what_a_closed_shop_left_behind_is_a_note() {
    tells_no_fault(
        "orphan-expired-and-unnamed",
        expect![[r#"
        note       nothing renews oldshop.example: there is no /etc/letsencrypt/renewal/oldshop.example.conf  orphan-lineage-no-conf
          saw      /etc/letsencrypt/live/oldshop.example: a certificate until 2026-04-27T11:59:59Z
          saw      /etc/letsencrypt/archive/oldshop.example: a certificate until 2026-04-27T11:59:59Z
          wanted   /etc/letsencrypt/renewal/oldshop.example.conf
          only     a note, because it has expired, and no server found on this host names it
          fix      remove the folders, if nothing needs them any more
                   $ rm -r /etc/letsencrypt/live/oldshop.example
                   $ rm -r /etc/letsencrypt/archive/oldshop.example

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_rehearsal_that_nobody_uses_is_a_note() {
    tells_no_fault(
        "staging-lineage-nobody-uses",
        expect![[r#"
        note       test.shop.example is renewed at a staging server, which no browser trusts  staging-server-in-conf
          saw      /etc/letsencrypt/renewal/test.shop.example.conf:14: server = https://acme-staging-v02.api.letsencrypt.org/directory
          wanted   server = https://acme-v02.api.letsencrypt.org/directory
          only     a note, because no server found on this host names this lineage
          fix      renew it once at the production server, which is then kept
                   $ certbot renew --cert-name test.shop.example --server https://acme-v02.api.letsencrypt.org/directory --force-renewal

        2 lineages: 2 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn paths_that_only_a_container_sees_are_unknown() {
    tells_no_fault(
        "healthy-docker-paths-of-its-own",
        expect![[r#"
        unknown    the paths in the confs: certbot runs in a container, whose paths are not this host's
                   leaves open on 1 lineage: webroot-moved-or-deleted
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC, 1 left unknown)
        exit 0
    "#]],
    );
}

#[test]
fn a_second_name_in_live_is_no_orphan() {
    tells_no_fault(
        "healthy-live-alias",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_backup_copy_of_a_lineage_is_a_note() {
    tells_no_fault(
        "healthy-backup-copy",
        expect![[r#"
        note       nothing renews shop.example.bak: there is no /etc/letsencrypt/renewal/shop.example.bak.conf  orphan-lineage-no-conf
          saw      /etc/letsencrypt/live/shop.example.bak: a certificate until 2027-01-22T11:59:59Z
          saw      /etc/letsencrypt/archive/shop.example.bak: a certificate until 2027-01-22T11:59:59Z
          wanted   /etc/letsencrypt/renewal/shop.example.bak.conf
          only     a note, because a lineage that is renewed holds all of its names, and no server found here names it
          fix      restore the conf from a backup if it is still needed; if not, move the folders aside
                   $ mv /etc/letsencrypt/live/shop.example.bak /root/
                   $ mv /etc/letsencrypt/archive/shop.example.bak /root/

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn arch_with_its_timer_enabled_is_healthy() {
    tells_no_fault(
        "healthy-arch",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn freebsd_with_its_weekly_script_is_healthy() {
    tells_no_fault(
        "healthy-freebsd",
        expect![[r#"
        note       shop.example: /etc/periodic.conf:1 runs days apart, and a run missed while the machine is off is lost  not-persistent-machine-off
          saw      /etc/periodic.conf:1: 15\t4\t*\t*\t6
          wanted   Persistent=true, or twice a day
          fix      set Persistent=true in the timer, or have it run twice a day

        note       shop.example: from 2028-04-23 on certificates live 45 days, and 2 attempts fit into the time in which they are due  schedule-insufficient-from-date
          saw      /etc/periodic.conf:1: 15\t4\t*\t*\t6
          wanted   twice a day
          only     a note, because it is more than half a year away
          fix      have it run twice a day before then

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_weekly_run_is_healthy_today() {
    tells_no_fault(
        "healthy-weekly",
        expect![[r#"
        note       shop.example: /etc/cron.d/certbot:1 runs days apart, and a run missed while the machine is off is lost  not-persistent-machine-off
          saw      /etc/cron.d/certbot:1: 17 3 * * 1
          wanted   Persistent=true, or twice a day
          fix      set Persistent=true in the timer, or have it run twice a day

        note       shop.example: from 2028-04-25 on certificates live 45 days, and 2 attempts fit into the time in which they are due  schedule-insufficient-from-date
          saw      /etc/cron.d/certbot:1: 17 3 * * 1
          wanted   twice a day
          only     a note, because it is more than half a year away
          fix      have it run twice a day before then

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn an_audit_beside_the_renewal_is_healthy() {
    tells_no_fault(
        "healthy-acme-audit-timer",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn an_edited_line_that_does_nothing_is_a_note() {
    tells_no_fault(
        "healthy-debian-cron-line-edited",
        expect![[r#"
        note       /etc/cron.d/certbot:17 has `--post-hook "systemctl reload nginx"` added to a line that does nothing under systemd  debian-cron-line-is-inert-on-systemd
          saw      /etc/cron.d/certbot:17: test -x /usr/bin/certbot -a \! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew --post-hook "systemctl reload nginx" --no-random-sleep-on-renew
          wanted   the line as the package has it
          fix      put hooks into /etc/letsencrypt/renewal-hooks/deploy/, and options into the timer's service

        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn every_five_minutes_is_a_note() {
    tells_no_fault(
        "healthy-every-five-minutes",
        expect![[r#"
            note       should shop.example fail, 120 failures a day have the CA pause it after 9 days, 20 before it expires  rl-paused
              saw      /etc/cron.d/certbot:1: */5 * * * *
              wanted   twice a day
              only     a note, because only a renewal that fails comes to this
              fix      have it run twice a day
              hence    should shop.example fail, it would be tried 12 times within an hour: the CA lets 5 failures through
                       (rl-failed-authz)

            note       /etc/cron.d/certbot:1 throws away what certbot says  output-discarded
              saw      /etc/cron.d/certbot:1: >/dev/null 2>&1
              wanted   output that somebody reads
              fix      drop the redirection (certbot -q is silent unless something fails), or have a unit notify you:
                       OnFailure=

            1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 0
        "#]],
    );
}

#[test]
fn the_script_of_a_tutorial_starts_a_container() {
    tells_no_fault(
        "healthy-compose-in-a-variable",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn labels_that_a_scheduler_reads_are_a_schedule() {
    tells_no_fault(
        "healthy-container-labels",
        expect![[r#"
            unknown    the times: the pause of the loop is not understood
                       leaves open on 1 lineage: force-renewal-in-schedule, interval-too-long, attempts-too-few, schedule-insufficient-from-date, last-run-too-old, ari-window-missed and 4 more
            1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC, 1 left unknown)
            exit 0
        "#]],
    );
}

#[test]
fn a_timer_for_a_quadlet_is_a_schedule() {
    tells_no_fault(
        "healthy-quadlet-timer",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn fcron_is_a_cron() {
    tells_no_fault(
        "healthy-fcron",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn systemd_cron_reads_crontabs_without_a_daemon() {
    tells_no_fault(
        "healthy-systemd-cron",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn anacron_alone_runs_the_daily_scripts() {
    tells_no_fault(
        "healthy-anacron-alone",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_crontabs_settings_are_the_variables_of_its_lines() {
    tells_no_fault(
        "healthy-variables-in-crontab",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_run_parts_folder_of_ones_own_is_read() {
    tells_no_fault(
        "healthy-run-parts-of-ones-own",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_store_of_units_is_read() {
    tells_no_fault(
        "healthy-nixos",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_timer_enabled_by_its_second_name_is_enabled() {
    tells_no_fault(
        "healthy-timer-alias",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_user_of_a_directory_is_a_user() {
    tells_no_fault(
        "healthy-directory-user",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}

#[test]
fn a_pre_hook_that_restarts_the_server_is_healthy() {
    tells_no_fault(
        "healthy-nginx-restarted-before",
        expect![[r#"
        1 lineage: 1 will renew (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}
