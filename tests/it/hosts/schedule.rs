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
              why      systemd does not start a timer that is not enabled, and one that was stopped waits for the next
                       boot, so certbot is never run and every certificate expires
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
              why      systemd does not start a timer that is not enabled, and one that was stopped waits for the next
                       boot, so certbot is never run and every certificate expires
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
                       leaves open on 1 lineage: nothing-scheduled, timer-masked-or-overridden, timer-disabled-or-dead, crontab-user-column, cron-percent-or-syntax, cron-file-ignored and 26 more
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
              why      systemd does not start a timer that is not enabled, and one that was stopped waits for the next
                       boot, so certbot is never run and every certificate expires
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
    tells_only(
        "cron-path",
        "cron-path",
        2,
        expect![[r#"
            will fail  cron does not find certbot, and nothing else renews  cron-path
              saw      /var/spool/cron/crontabs/root:1: certbot renew -q with PATH=/usr/bin:/bin
              wanted   the whole path of the program
              why      cron searches /usr/bin and /bin unless the crontab sets PATH, so the line that works in a shell ends
                       with `certbot: not found`, in a mail at best
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      write the whole path of the program, and
                       PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin above the line for the hooks that
                       it starts
              hence    the one thing here that should run certbot does not (nothing-scheduled)

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn root_stands_where_the_command_should() {
    tells_only(
        "crontab-user-column",
        "crontab-user-column",
        2,
        expect![[r#"
        will fail  the shell takes `root` for the program, and nothing else renews  crontab-user-column
          saw      /var/spool/cron/crontabs/root:1: root /opt/certbot/bin/certbot renew -q
          wanted   the command right after the five times
          why      /etc/crontab and /etc/cron.d have a user's name before the command, a user's own crontab has not:
                   the shell then looks for a program called `root`, or cron for a user called like the program
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      remove the name: a user's own crontab has no column for it
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_user_without_the_right_runs_it() {
    tells_only(
        "cron-wrong-user",
        "cron-wrong-user",
        2,
        expect![[r#"
        will fail  maria may not read /etc/letsencrypt/live, and nothing else renews  cron-wrong-user
          saw      /var/spool/cron/crontabs/maria:1: /opt/certbot/bin/certbot renew -q as maria
          wanted   root, or a user who owns certbot's folders
          why      certbot needs to read and write its folders and ends with `[Errno 13] Permission denied … Either run
                   as root, or set --config-dir`
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have root run it
                   $ crontab -e
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_percent_sign_ends_the_command() {
    tells_only(
        "cron-percent",
        "cron-percent-or-syntax",
        2,
        expect![[r#"
        will fail  cron ends the command at a percent sign, and nothing else renews  cron-percent-or-syntax
          saw      /var/spool/cron/crontabs/root:1: only `echo "$(date +` is run
          wanted   \% for each percent sign
          why      an unescaped % ends the command and makes the rest its input; a field that cron cannot read makes it
                   drop the line or all of the table, with one message in the log
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      put a backslash before each percent sign
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_hour_that_does_not_exist() {
    tells_only(
        "cron-syntax",
        "cron-percent-or-syntax",
        2,
        expect![[r#"
        will fail  cron does not read the line, and nothing else renews  cron-percent-or-syntax
          saw      /etc/cron.d/certbot:1: cron refuses it: bad hour
          wanted   five times and a command, in a file that ends with a line break
          why      an unescaped % ends the command and makes the rest its input; a field that cron cannot read makes it
                   drop the line or all of the table, with one message in the log
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      mend the line
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_dot_in_the_name_of_the_file() {
    tells_only(
        "cron-file-ignored",
        "cron-file-ignored",
        2,
        expect![[r#"
        will fail  cron ignores /etc/cron.d/certbot.cron, and nothing else renews  cron-file-ignored
          saw      /etc/cron.d/certbot.cron:1: its name has other signs than letters, digits, `-` and `_`
          wanted   a file that cron reads
          why      in /etc/cron.d Debian's cron reads only names of letters, digits, `-` and `_`, and only files that
                   root owns and nobody else may write; run-parts wants the executable bit; nothing is said
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      give it a name, an owner and a mode that cron takes
                   $ mv /etc/cron.d/certbot.cron /etc/cron.d/certbot
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_rehearsal_is_what_runs_every_night() {
    tells_only(
        "cron-wrong-verb",
        "cron-wrong-verb",
        2,
        expect![[r#"
        will fail  what /etc/cron.d/certbot:1 runs does not renew (--dry-run), and nothing else does  cron-wrong-verb
          saw      /etc/cron.d/certbot:1: /opt/certbot/bin/certbot renew --dry-run
          wanted   certbot renew -q
          why      `certbot` without `renew` asks questions that nobody answers, `renew --dry-run` changes nothing, and
                   `certonly` makes a second lineage or stops at a prompt; all of them look like a renewal in the log
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have it run `certbot renew -q`
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn without_a_verb_nothing_is_renewed() {
    tells_only(
        "cron-without-a-verb",
        "cron-wrong-verb",
        2,
        expect![[r#"
        will fail  what /etc/cron.d/certbot:1 runs does not renew (`renew` is not among its words), and nothing else does  cron-wrong-verb
          saw      /etc/cron.d/certbot:1: /opt/certbot/bin/certbot -q
          wanted   certbot renew -q
          why      `certbot` without `renew` asks questions that nobody answers, `renew --dry-run` changes nothing, and
                   `certonly` makes a second lineage or stops at a prompt; all of them look like a renewal in the log
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have it run `certbot renew -q`
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_virtual_environment_was_moved() {
    tells_only(
        "unit-binary-missing",
        "unit-binary-missing",
        2,
        expect![[r#"
        will fail  /opt/certbot/bin/letsencrypt does not exist, and nothing else renews  unit-binary-missing
          saw      /etc/systemd/system/renew-certs.timer: /opt/certbot/bin/letsencrypt renew -q
          wanted   a program that is there
          why      the run ends with `status=203/EXEC` or `not found`; the timer goes on looking healthy
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name the certbot that is installed, or install it again
                   $ systemctl edit --full renew-certs.service
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_thirty_first_of_february() {
    tells_only(
        "schedule-never-fires",
        "schedule-never-fires",
        2,
        expect![[r#"
        will fail  no day is like `0 4 31 2,4,6,9,11 *`, and nothing else renews  schedule-never-fires
          saw      /etc/cron.d/certbot:1: 0 4 31 2,4,6,9,11 *
          wanted   0 0,12 * * *
          why      systemd and cron accept such times and never run anything at them, without a word
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name days that exist
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_thirtieth_of_february_in_a_timer() {
    tells_only(
        "calendar-never-fires",
        "schedule-never-fires",
        2,
        expect![[r#"
        will fail  no day is like `OnCalendar=*-02-30 04:00`, and nothing else renews  schedule-never-fires
          saw      /etc/systemd/system/certbot.timer: OnCalendar=*-02-30 04:00
          wanted   OnCalendar=*-*-* 00,12:00:00
          why      systemd and cron accept such times and never run anything at them, without a word
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name days that exist
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_crontab_without_cron() {
    tells_only(
        "cron-not-installed",
        "schedule-not-started",
        2,
        expect![[r#"
            will fail  no cron daemon is installed, and nothing else renews  schedule-not-started
              saw      /etc/cron.d/certbot:1: /opt/certbot/bin/certbot renew -q
              wanted   something that runs it
              why      without a cron daemon no crontab is read, without a run-parts line or anacron no script in
                       cron.daily is run, and a user's timers run only while that user is logged in
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      have something run it: cron, anacron or a timer
                       $ apt-get install cron
              hence    the one thing here that should run certbot does not (nothing-scheduled)

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn nobody_runs_the_scripts_of_cron_daily() {
    tells_only(
        "nothing-runs-cron-daily",
        "schedule-not-started",
        2,
        expect![[r#"
            will fail  nothing runs the scripts in /etc/cron.daily, and nothing else renews  schedule-not-started
              saw      /etc/cron.daily/certbot: /etc/cron.daily/certbot
              wanted   something that runs it
              why      without a cron daemon no crontab is read, without a run-parts line or anacron no script in
                       cron.daily is run, and a user's timers run only while that user is logged in
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      have something run it: cron, anacron or a timer
              hence    the one thing here that should run certbot does not (nothing-scheduled)

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn an_enabled_link_to_a_unit_that_is_gone() {
    tells_only(
        "snap-vs-cron-guard",
        "snap-vs-cron-guard",
        2,
        expect![[r#"
        will fail  certbot.timer starts nothing: /etc/systemd/system/timers.target.wants/certbot.timer does not exist, and nothing else renews  snap-vs-cron-guard
          saw      /etc/systemd/system/timers.target.wants/certbot.timer: /etc/systemd/system/timers.target.wants/certbot.timer does not exist
          wanted   units that are all there
          why      the package was removed and its enabled link left behind: the timer looks enabled and starts nothing
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have the certbot that is installed run
                   $ snap start --enable certbot.renew
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_new_certificate_every_night() {
    tells_only(
        "force-renewal-in-schedule",
        "force-renewal-in-schedule",
        2,
        expect![[r#"
            will fail  shop.example: /etc/cron.d/certbot:1 renews at every run, up to 7 times a week  force-renewal-in-schedule
              saw      /etc/cron.d/certbot:1: --force-renewal
              wanted   a command without it
              saw      /etc/cron.d/certbot:1: 17 3 * * *
              why      every run is a new certificate, until the CA answers `too many certificates (5) already issued for
                       this exact set of identifiers`; then nothing is renewed for days, also where it is needed
              when     the renewal due on 2026-11-29 (in 5 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      take the flag out
              hence    shop.example will be renewed more than 5 times within a week by 2026-11-29 (rl-exact-set)

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn a_new_certificate_at_every_run() {
    tells_only(
        "force-renewal-in-cli-ini",
        "force-renewal-in-schedule",
        2,
        expect![[r#"
        will fail  shop.example: certbot.timer renews at every run, up to 14 times a week  force-renewal-in-schedule
          saw      /etc/letsencrypt/cli.ini:6: force-renewal = true
          wanted   a command without it
          saw      /usr/lib/systemd/system/certbot.timer: OnCalendar=*-*-* 00,12:00:00
          why      every run is a new certificate, until the CA answers `too many certificates (5) already issued for
                   this exact set of identifiers`; then nothing is renewed for days, also where it is needed
          when     the renewal due on 2026-11-26 (in 2 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      take the flag out
          hence    shop.example will be renewed more than 5 times within a week by 2026-11-26 (rl-exact-set)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn once_a_month() {
    tells_only(
        "interval-too-long-monthly",
        "interval-too-long",
        1,
        expect![[r#"
        may fail   of runs 31 days apart one falls into the time in which shop.example is due  interval-too-long
          saw      /etc/cron.d/certbot:1: 17 3 1 * *
          wanted   twice a day
          only     may fail, because some attempts fit, or may fit
          why      a run that fails for any reason is only repeated at the next one; where few fit between the day a
                   certificate becomes due and its end, it expires
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have it run twice a day
          hence    one attempt fits between the day shop.example becomes due and its end (attempts-too-few)

        note       shop.example: /etc/cron.d/certbot:1 runs days apart, and a run missed while the machine is off is lost  not-persistent-machine-off
          saw      /etc/cron.d/certbot:1: 17 3 1 * *
          wanted   Persistent=true, or twice a day
          fix      set Persistent=true in the timer, or have it run twice a day

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn once_in_two_months() {
    tells_only(
        "interval-too-long-every-two-months",
        "interval-too-long",
        2,
        expect![[r#"
        will fail  no run 62 days apart falls into the time in which shop.example is due  interval-too-long
          saw      /etc/cron.d/certbot:1: 17 3 1 */2 *
          wanted   twice a day
          why      a run that fails for any reason is only repeated at the next one; where few fit between the day a
                   certificate becomes due and its end, it expires
          when     the renewal due on 2027-01-02 (in 40 days); the certificate expires on 2027-02-02 (in 70 days)
          fix      have it run twice a day
          hence    no attempt fits between the day shop.example becomes due and its end (attempts-too-few)

        note       shop.example: /etc/cron.d/certbot:1 runs days apart, and a run missed while the machine is off is lost  not-persistent-machine-off
          saw      /etc/cron.d/certbot:1: 17 3 1 */2 *
          wanted   Persistent=true, or twice a day
          fix      set Persistent=true in the timer, or have it run twice a day

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn only_when_the_machine_starts() {
    tells_only(
        "interval-too-long-at-boot",
        "interval-too-long",
        1,
        expect![[r#"
            may fail   shop.example is renewed only when the machine starts  interval-too-long
              saw      /etc/cron.d/certbot:1: at each start of the machine
              wanted   twice a day
              only     may fail, because it may start often enough
              why      a run that fails for any reason is only repeated at the next one; where few fit between the day a
                       certificate becomes due and its end, it expires
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      have it run twice a day

            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

#[test]
fn once_a_week_for_six_days() {
    tells_only(
        "interval-too-long-for-six-days",
        "interval-too-long",
        2,
        expect![[r#"
        will fail  no run 7 days apart falls into the time in which shop.example is due  interval-too-long
          saw      /etc/cron.d/certbot:1: 17 3 * * 1
          wanted   twice a day
          why      a run that fails for any reason is only repeated at the next one; where few fit between the day a
                   certificate becomes due and its end, it expires
          when     the renewal due on 2026-11-25 (in 2 days); the certificate expires on 2026-11-29 (in 5 days)
          fix      have it run twice a day
          hence    no attempt fits between the day shop.example becomes due and its end (attempts-too-few)

        note       shop.example: /etc/cron.d/certbot:1 runs days apart, and a run missed while the machine is off is lost  not-persistent-machine-off
          saw      /etc/cron.d/certbot:1: 17 3 * * 1
          wanted   Persistent=true, or twice a day
          fix      set Persistent=true in the timer, or have it run twice a day

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn on_the_last_day() {
    tells_only(
        "attempts-too-few",
        "attempts-too-few",
        1,
        expect![[r#"
        may fail   one attempt fits between the day shop.example becomes due and its end  attempts-too-few
          saw      /etc/letsencrypt/live/shop.example/cert.pem: due 1.0 days before it expires
          wanted   time for 3 attempts
          saw      /usr/lib/systemd/system/certbot.timer: OnCalendar=*-*-* 00,12:00:00
          only     may fail, because some attempts fit, or may fit
          why      renewals fail for a day now and then (an outage of the CA, a limit, a name server); with fewer than
                   three attempts one such day costs the certificate
          when     the renewal due on 2027-01-21 (in 58 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have it run twice a day, and have the certificate become due earlier: delete a short
                   renew_before_expiry

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn killed_in_its_sleep() {
    tells_only(
        "random-sleep-kills-wrapper",
        "random-sleep-kills-wrapper",
        1,
        expect![[r#"
        may fail   timeout 5m ends the run after 300 seconds, in which certbot may still sleep  random-sleep-kills-wrapper
          saw      /etc/cron.d/certbot:1: timeout 5m /opt/certbot/bin/certbot renew -q
          wanted   ten minutes and more
          why      without a terminal certbot sleeps up to eight minutes before the first renewal that is due; a
                   shorter time limit ends it then, on just the days when it has something to do
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      give it ten minutes and more, or --no-random-sleep-on-renew

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn no_trace_for_three_weeks() {
    tells_only(
        "last-run-too-old",
        "last-run-too-old",
        1,
        expect![[r#"
        may fail   shop.example: certbot last ran 21 days ago, though certbot.timer should run it  last-run-too-old
          saw      /var/log/letsencrypt/letsencrypt.log: 2026-11-02 12:00 UTC
          wanted   a trace of the last two runs
          saw      /usr/lib/systemd/system/certbot.timer: OnCalendar=*-*-* 00,12:00:00
          why      the schedule looks right and leaves no trace: it is not started, or ends before certbot does
                   anything, and the certificates will expire
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      run it by hand and see what it says
                   $ systemctl start certbot.service
                   $ journalctl -u certbot.service -n 40

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn overdue_for_two_weeks() {
    tells_only(
        "ari-window-missed",
        "ari-window-missed",
        1,
        expect![[r#"
        may fail   shop.example has been due for 15 days, and nothing has renewed it  ari-window-missed
          saw      /etc/letsencrypt/live/shop.example/cert.pem: issued on 2026-09-09
          wanted   a certificate issued by 2026-11-11
          saw      /usr/lib/systemd/system/certbot.timer: OnCalendar=*-*-* 00,12:00:00
          why      the certificate was due, the schedule should have run several times since, and the old certificate
                   is still there: the renewals fail, or the schedule does not do what it seems to
          when     already: a renewal has been due since 2026-11-08; the certificate expires on 2026-12-08 (in 14 days)
          fix      see why: what certbot said last, and a rehearsal
                   $ tail -n 40 /var/log/letsencrypt/letsencrypt.log
                   $ certbot renew --cert-name shop.example --dry-run

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn as_early_as_possible() {
    tells_only(
        "rl-exact-set",
        "rl-exact-set",
        1,
        expect![[r#"
            may fail   shop.example will be renewed more than 5 times within a week by 2026-11-29  rl-exact-set
              saw      /etc/crontab:15: 0 0,12 * * *
              wanted   at most 5 renewals in seven days
              why      the CA answers `too many certificates (5) already issued for this exact set of identifiers in the
                       last 168h0m0s` until the week is over, and no override exists
              when     the renewal due on 2026-11-29 (in 6 days); the certificate expires on 2027-02-21 (in 89 days)
              fix      find out what renews so often; until the week is over nothing can be issued for these names

            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

#[test]
fn the_second_certificate_was_forgotten_beside_a_command_of_its_own() {
    tells_only(
        "some-lineages-are-not-asked-for",
        "nothing-scheduled",
        2,
        expect![[r#"
        will fail  nothing renews blog.example: what runs here names other lineages  nothing-scheduled
          saw      /etc/cron.d/certbot:1: /opt/certbot/bin/certbot certonly --keep -n -q --webroot -w /var/www/shop.example -d shop.example
          wanted   `certbot renew` without --cert-name, for all lineages
          why      certbot renews only when something starts it; every certificate here expires, and no mail says so
                   beforehand
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have one command renew all of them
                   $ certbot renew -q

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_second_certificate_was_forgotten() {
    tells_only(
        "some-lineages-are-not-scheduled",
        "nothing-scheduled",
        2,
        expect![[r#"
        will fail  nothing renews blog.example: what runs here names other lineages  nothing-scheduled
          saw      /etc/cron.d/certbot:1: /opt/certbot/bin/certbot renew -q --cert-name shop.example
          wanted   `certbot renew` without --cert-name, for all lineages
          why      certbot renews only when something starts it; every certificate here expires, and no mail says so
                   beforehand
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have one command renew all of them
                   $ certbot renew -q

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn acme_sh_does_not_know_certbots_lineages() {
    tells_only(
        "acme-sh-only",
        "nothing-scheduled",
        2,
        expect![[r#"
        will fail  what renews here is another client, which does not know certbot's lineages  nothing-scheduled
          saw      /var/spool/cron/crontabs/root:1: acme.sh renews its own certificates
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
fn arch_enables_nothing_by_itself() {
    tells_only(
        "arch-timer-not-enabled",
        "timer-disabled-or-dead",
        2,
        expect![[r#"
            will fail  certbot-renew.timer is not enabled, and nothing else runs certbot  timer-disabled-or-dead
              saw      /usr/lib/systemd/system/certbot-renew.timer: no link in a timers.target.wants folder
              wanted   /etc/systemd/system/timers.target.wants/certbot-renew.timer
              why      systemd does not start a timer that is not enabled, and one that was stopped waits for the next
                       boot, so certbot is never run and every certificate expires
              when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      enable and start it
                       $ systemctl enable --now certbot-renew.timer
              hence    the one thing here that should run certbot does not (nothing-scheduled)

            1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 2
        "#]],
    );
}

#[test]
fn freebsds_script_is_not_switched_on() {
    tells_only(
        "freebsd-weekly-not-enabled",
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
                   $ echo '0 0,12 * * * root /usr/local/bin/certbot renew -q' >> /etc/crontab

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn busybox_passes_over_names_with_a_dot() {
    tells_only(
        "alpine-script-with-a-dot",
        "cron-file-ignored",
        2,
        expect![[r#"
        will fail  cron ignores /etc/periodic/daily/certbot.sh, and nothing else renews  cron-file-ignored
          saw      /etc/periodic/daily/certbot.sh: its name has other signs than letters, digits, `-` and `_`
          wanted   a file that cron reads
          why      in /etc/cron.d Debian's cron reads only names of letters, digits, `-` and `_`, and only files that
                   root owns and nobody else may write; run-parts wants the executable bit; nothing is said
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      give it a name, an owner and a mode that cron takes
                   $ mv /etc/periodic/daily/certbot.sh /etc/periodic/daily/certbot
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_hook_on_the_command_line_that_was_never_copied() {
    tells_only(
        "cli-hook-missing",
        "cli-hook-missing",
        2,
        expect![[r#"
        will fail  /usr/local/sbin/reload-all of --deploy-hook is not there, and certbot then renews nothing  cli-hook-missing
          saw      /etc/cron.d/certbot:1: --deploy-hook /usr/local/sbin/reload-all
          wanted   a program that is there
          why      certbot looks for the programs of hooks that are given on its command line or in cli.ini before it
                   does anything, and ends with `Unable to find deploy-hook command … in the PATH`: nothing is renewed
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      install the program, or take the hook out of the command or of cli.ini

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_container_that_renewed_once() {
    tells_only(
        "container-runs-once",
        "container-without-scheduler",
        1,
        expect![[r#"
        may fail   certbot's container of /srv/web/docker-compose.yml runs once, and nothing here starts it again  container-without-scheduler
          saw      /srv/web/docker-compose.yml:16: command: renew
          wanted   a loop in its command, or a cron line that starts it
          why      certbot's image runs one command and ends: unless its command is a loop, or cron or a timer on the
                   host starts it, nothing is ever renewed
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have something start it twice a day
                   $ echo '17 5,17 * * * root cd /srv/web && docker compose run --rm certbot renew -q' >> /etc/crontab

        1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn a_crontab_from_windows() {
    tells_only(
        "cron-windows-line-ends",
        "cron-percent-or-syntax",
        2,
        expect![[r#"
        will fail  the file has the line ends of Windows, which break the command, and nothing else renews  cron-percent-or-syntax
          saw      /var/spool/cron/crontabs/root:1: the line ends with a carriage return, which is a part of its command
          wanted   a line break alone at the end of each line
          why      an unescaped % ends the command and makes the rest its input; a field that cron cannot read makes it
                   drop the line or all of the table, with one message in the log
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      take the carriage returns out
                   $ crontab -u root -l | tr -d '\r' | crontab -u root -
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_user_that_was_removed() {
    tells_only(
        "cron-user-unknown",
        "cron-percent-or-syntax",
        2,
        expect![[r#"
        will fail  cron does not read the line, and nothing else renews  cron-percent-or-syntax
          saw      /etc/cron.d/certbot:1: cron refuses it: there is no user `certs`
          wanted   five times and a command, in a file that ends with a line break
          why      an unescaped % ends the command and makes the rest its input; a field that cron cannot read makes it
                   drop the line or all of the table, with one message in the log
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      mend the line
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_cron_that_is_masked() {
    tells_only(
        "cron-masked",
        "schedule-not-started",
        2,
        expect![[r#"
        will fail  cron.service is masked, and nothing else renews  schedule-not-started
          saw      /var/spool/cron/crontabs/root:1: /opt/certbot/bin/certbot renew -q
          wanted   something that runs it
          why      without a cron daemon no crontab is read, without a run-parts line or anacron no script in
                   cron.daily is run, and a user's timers run only while that user is logged in
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have something run it: cron, anacron or a timer
                   $ systemctl unmask cron.service && systemctl enable --now cron.service
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_timer_that_waits_for_a_first_run() {
    tells_only(
        "timer-waits-for-a-first-run",
        "schedule-not-started",
        2,
        expect![[r#"
        will fail  nothing starts the first run after a boot, from which /etc/systemd/system/tls.timer counts, and nothing else renews  schedule-not-started
          saw      /etc/systemd/system/tls.timer: /opt/certbot/bin/certbot renew -q
          wanted   something that runs it
          why      without a cron daemon no crontab is read, without a run-parts line or anacron no script in
                   cron.daily is run, and a user's timers run only while that user is logged in
          when     the renewal due on 2026-12-22 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      have something run it: cron, anacron or a timer
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_table_that_busybox_does_not_read() {
    tells_only(
        "alpine-etc-crontab",
        "cron-file-ignored",
        2,
        expect![[r#"
        will fail  cron ignores /etc/crontab, and nothing else renews  cron-file-ignored
          saw      /etc/crontab:1: busybox's crond reads nothing but /etc/crontabs
          wanted   the line, without its user, in /etc/crontabs/root
          why      in /etc/cron.d Debian's cron reads only names of letters, digits, `-` and `_`, and only files that
                   root owns and nobody else may write; run-parts wants the executable bit; nothing is said
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      put the line, without its user, into root's own table
                   $ crontab -e
          hence    the one thing here that should run certbot does not (nothing-scheduled)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}
