//! One fault in what should run certbot.

use expect_test::expect;

use super::{tells_all, tells_only};

#[test]
fn pip_schedules_nothing() {
    tells_only(
        "nothing-scheduled",
        "nothing-scheduled",
        2,
        expect![[r#"
            will fail  no timer, cron line or container on this host runs certbot  nothing-scheduled
              saw      /etc/systemd/system, /usr/lib/systemd/system, /etc/crontab, /etc/cron.*, /var/spool/cron: nothing that calls certbot
              wanted   a timer or a cron line that runs certbot renew
              why      certbot renews only when something starts it; every certificate here expires, and no mail says so
                       beforehand
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      have certbot run twice a day
                       $ echo '0 0,12 * * * root /opt/certbot/bin/certbot renew -q' >> /etc/crontab

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn nothing_scheduled_is_said_once() {
    tells_only(
        "nothing-scheduled-two-lineages",
        "nothing-scheduled",
        2,
        expect![[r#"
            will fail  no timer, cron line or container on this host runs certbot  nothing-scheduled
              saw      /etc/systemd/system, /usr/lib/systemd/system, /etc/crontab, /etc/cron.*, /var/spool/cron: nothing that calls certbot
              wanted   a timer or a cron line that runs certbot renew
              why      certbot renews only when something starts it; every certificate here expires, and no mail says so
                       beforehand
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      have certbot run twice a day
                       $ echo '0 0,12 * * * root /opt/certbot/bin/certbot renew -q' >> /etc/crontab

            2 lineages: 2 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn expired_because_nobody_renews_is_one_finding() {
    tells_only(
        "expired-and-nobody-renews",
        "nothing-scheduled",
        2,
        expect![[r#"
        will fail  no timer, cron line or container on this host runs certbot  nothing-scheduled
          saw      /etc/systemd/system, /usr/lib/systemd/system, /etc/crontab, /etc/cron.*, /var/spool/cron: nothing that calls certbot
          wanted   a timer or a cron line that runs certbot renew
          why      certbot renews only when something starts it; every certificate here expires, and no mail says so
                   beforehand
          when     the certificate expired on 2026-11-16 (7 days ago)
          fix      have certbot run twice a day, and renew what has expired now
                   $ echo '0 0,12 * * * root /opt/certbot/bin/certbot renew -q' >> /etc/crontab
                   $ /opt/certbot/bin/certbot renew
          hence    the certificate of shop.example expired 7 days ago (certificate-expired)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_disabled_timer_beside_the_inert_cron_line() {
    tells_only(
        "timer-disabled",
        "timer-disabled-or-dead",
        2,
        expect![[r#"
        will fail  certbot.timer is not enabled, and nothing else runs certbot  timer-disabled-or-dead
          saw      /usr/lib/systemd/system/certbot.timer: no link in a timers.target.wants folder
          wanted   /etc/systemd/system/timers.target.wants/certbot.timer
          why      systemd does not start a timer that is not enabled, so certbot is never run and every certificate
                   expires
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      enable and start it
                   $ systemctl enable --now certbot.timer
          hence    of the 2 things here that should run certbot none does (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_timer_of_the_snap_is_disabled() {
    tells_only(
        "timer-disabled-snap",
        "timer-disabled-or-dead",
        2,
        expect![[r#"
            will fail  snap.certbot.renew.timer is not enabled, and nothing else runs certbot  timer-disabled-or-dead
              saw      /etc/systemd/system/snap.certbot.renew.timer: no link in a timers.target.wants folder
              wanted   /etc/systemd/system/timers.target.wants/snap.certbot.renew.timer
              why      systemd does not start a timer that is not enabled, so certbot is never run and every certificate
                       expires
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      enable and start it
                       $ snap start --enable certbot.renew
              hence    the one thing here that should run certbot does not (nothing-scheduled)

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn a_masked_timer() {
    tells_only(
        "timer-masked",
        "timer-masked-or-overridden",
        2,
        expect![[r#"
        will fail  certbot.timer is masked by /etc/systemd/system/certbot.timer, and nothing else runs certbot  timer-masked-or-overridden
          saw      /etc/systemd/system/certbot.timer: the unit is masked
          wanted   a timer that elapses at least once a day
          why      a link to /dev/null or an empty OnCalendar= switches the timer off without a word, so certbot is
                   never run
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      switch it on again
                   $ systemctl unmask certbot.timer
                   $ systemctl enable --now certbot.timer
          hence    of the 2 things here that should run certbot none does (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_drop_in_takes_all_times_away() {
    tells_only(
        "timer-overridden",
        "timer-masked-or-overridden",
        2,
        expect![[r#"
        will fail  /etc/systemd/system/certbot.timer.d/override.conf leaves certbot.timer no time to run at, and nothing else runs certbot  timer-masked-or-overridden
          saw      /etc/systemd/system/certbot.timer.d/override.conf: it takes every time away
          wanted   a timer that elapses at least once a day
          why      a link to /dev/null or an empty OnCalendar= switches the timer off without a word, so certbot is
                   never run
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      switch it on again
                   $ systemctl revert certbot.timer
                   $ systemctl enable --now certbot.timer
          hence    of the 2 things here that should run certbot none does (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn on_alma_linux_the_timer_is_off_by_default() {
    tells_only(
        "rhel-timer-off-by-default",
        "rhel-timer-off-by-default",
        2,
        expect![[r#"
        will fail  certbot-renew.timer was never enabled, and nothing else runs certbot  rhel-timer-off-by-default
          saw      /usr/lib/systemd/system/certbot-renew.timer: no link in a timers.target.wants folder
          wanted   /etc/systemd/system/timers.target.wants/certbot-renew.timer
          why      the package of Fedora and EPEL installs certbot-renew.timer without enabling it, so certbot is never
                   run
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      enable and start it
                   $ systemctl enable --now certbot-renew.timer
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn what_cannot_be_seen_is_not_known() {
    tells_all(
        "only-certbots-folder",
        &[],
        3,
        expect![[r#"
        unknown    /usr: no such file
                   leaves open on 1 lineage: plugin-not-installed, newer-conf-older-certbot, two-certbots
        unknown    /var/www/shop.example: /var is not in this tree
                   leaves open on 1 lineage: webroot-moved-or-deleted
        unknown    the schedule: only certbot's own folder is in this tree
                   leaves open: nothing-scheduled, timer-masked-or-overridden, timer-disabled-or-dead
        1 lineage: 1 unknown (/etc/letsencrypt on unknown, as of 2026-11-23 12:00 UTC, 3 left unknown)
        exit 3
    "#]],
    );
}

#[test]
fn expired_because_the_timer_is_off_is_one_finding() {
    tells_only(
        "expired-because-the-timer-is-disabled",
        "timer-disabled-or-dead",
        2,
        expect![[r#"
        will fail  certbot.timer is not enabled, and nothing else runs certbot  timer-disabled-or-dead
          saw      /usr/lib/systemd/system/certbot.timer: no link in a timers.target.wants folder
          wanted   /etc/systemd/system/timers.target.wants/certbot.timer
          why      systemd does not start a timer that is not enabled, so certbot is never run and every certificate
                   expires
          when     the certificate expired on 2026-11-16 (7 days ago)
          fix      enable and start it
                   $ systemctl enable --now certbot.timer
          hence    of the 2 things here that should run certbot none does (nothing-scheduled)
          hence    the certificate of blog.example expired 5 days ago (certificate-expired)
          hence    the certificate of shop.example expired 7 days ago (certificate-expired)

        2 lineages: 2 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_line_works_in_a_shell_and_not_in_cron() {
    tells_only("cron-path", "cron-path", 2, expect![[""]]);
}

#[test]
fn root_stands_where_the_command_should() {
    tells_only("crontab-user-column", "crontab-user-column", 2, expect![[""]]);
}

#[test]
fn a_user_without_the_right_runs_it() {
    tells_only("cron-wrong-user", "cron-wrong-user", 2, expect![[""]]);
}

#[test]
fn a_percent_sign_ends_the_command() {
    tells_only("cron-percent", "cron-percent-or-syntax", 2, expect![[""]]);
}

#[test]
fn an_hour_that_does_not_exist() {
    tells_only("cron-syntax", "cron-percent-or-syntax", 2, expect![[""]]);
}

#[test]
fn a_dot_in_the_name_of_the_file() {
    tells_only("cron-file-ignored", "cron-file-ignored", 2, expect![[""]]);
}

#[test]
fn a_rehearsal_is_what_runs_every_night() {
    tells_only("cron-wrong-verb", "cron-wrong-verb", 2, expect![[""]]);
}

#[test]
fn without_a_verb_nothing_is_renewed() {
    tells_only("cron-without-a-verb", "cron-wrong-verb", 2, expect![[""]]);
}

#[test]
fn the_virtual_environment_was_moved() {
    tells_only("unit-binary-missing", "unit-binary-missing", 2, expect![[""]]);
}

#[test]
fn the_thirty_first_of_february() {
    tells_only("schedule-never-fires", "schedule-never-fires", 2, expect![[""]]);
}

#[test]
fn the_thirtieth_of_february_in_a_timer() {
    tells_only("calendar-never-fires", "schedule-never-fires", 2, expect![[""]]);
}

#[test]
fn a_crontab_without_cron() {
    tells_only("cron-not-installed", "schedule-not-started", 2, expect![[""]]);
}

#[test]
fn nobody_runs_the_scripts_of_cron_daily() {
    tells_only("nothing-runs-cron-daily", "schedule-not-started", 2, expect![[""]]);
}

#[test]
fn an_enabled_link_to_a_unit_that_is_gone() {
    tells_only("snap-vs-cron-guard", "snap-vs-cron-guard", 2, expect![[""]]);
}

#[test]
fn a_new_certificate_every_night() {
    tells_only("force-renewal-in-schedule", "force-renewal-in-schedule", 2, expect![[""]]);
}

#[test]
fn a_new_certificate_at_every_run() {
    tells_only("force-renewal-in-cli-ini", "force-renewal-in-schedule", 2, expect![[""]]);
}

#[test]
fn once_a_month() {
    tells_only("interval-too-long-monthly", "interval-too-long", 1, expect![[""]]);
}

#[test]
fn once_in_two_months() {
    tells_only("interval-too-long-every-two-months", "interval-too-long", 2, expect![[""]]);
}

#[test]
fn only_when_the_machine_starts() {
    tells_only("interval-too-long-at-boot", "interval-too-long", 1, expect![[""]]);
}

#[test]
fn once_a_week_for_six_days() {
    tells_only("interval-too-long-for-six-days", "interval-too-long", 2, expect![[""]]);
}

#[test]
fn on_the_last_day() {
    tells_only("attempts-too-few", "attempts-too-few", 1, expect![[""]]);
}

#[test]
fn killed_in_its_sleep() {
    tells_only("random-sleep-kills-wrapper", "random-sleep-kills-wrapper", 1, expect![[""]]);
}

#[test]
fn no_trace_for_three_weeks() {
    tells_only("last-run-too-old", "last-run-too-old", 1, expect![[""]]);
}

#[test]
fn overdue_for_two_weeks() {
    tells_only("ari-window-missed", "ari-window-missed", 1, expect![[""]]);
}

#[test]
fn as_early_as_possible() {
    tells_only("rl-exact-set", "rl-exact-set", 1, expect![[""]]);
}

#[test]
fn the_second_certificate_was_forgotten() {
    tells_only("some-lineages-are-not-scheduled", "nothing-scheduled", 2, expect![[""]]);
}

#[test]
fn acme_sh_does_not_know_certbots_lineages() {
    tells_only("acme-sh-only", "nothing-scheduled", 2, expect![[""]]);
}

#[test]
fn arch_enables_nothing_by_itself() {
    tells_only("arch-timer-not-enabled", "timer-disabled-or-dead", 2, expect![[""]]);
}

#[test]
fn freebsds_script_is_not_switched_on() {
    tells_only("freebsd-weekly-not-enabled", "nothing-scheduled", 2, expect![[""]]);
}

#[test]
fn busybox_passes_over_names_with_a_dot() {
    tells_only("alpine-script-with-a-dot", "cron-file-ignored", 2, expect![[""]]);
}
