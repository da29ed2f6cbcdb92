use std::path::Path;

use jiff::tz::TimeZone;

use super::{Course, failures, moment};
use crate::facts::Logged;
use crate::gather::fs::Root;

/// What certbot 5.8 wrote, without the messages of its HTTP and most of its tracebacks.
const NEWEST: &str = r#"2026-11-20 07:40:57,548:DEBUG:certbot._internal.main:certbot version: 5.8.0
2026-11-20 07:40:57,548:DEBUG:certbot._internal.main:Arguments: ['-q', '--no-random-sleep-on-renew']
2026-11-20 07:40:57,555:DEBUG:certbot._internal.display.obj:Notifying user: Processing /etc/letsencrypt/renewal/a.test.conf
2026-11-20 07:40:57,563:INFO:certbot._internal.plugins.selection:Plugins selected: Authenticator dns-ovh, Installer None
2026-11-20 07:40:57,617:DEBUG:certbot._internal.display.obj:Notifying user: Renewing an existing certificate for a.test and *.a.test
2026-11-20 07:40:57,636:INFO:certbot._internal.auth_handler:dns-01 challenge for Identifier(typ=IdentifierType(dns), value='a.test')
2026-11-20 07:40:57,642:DEBUG:certbot._internal.display.obj:Notifying user: Waiting 10 seconds for DNS changes to propagate
2026-11-20 07:41:08,664:INFO:certbot._internal.auth_handler:Challenge failed for domain a.test
2026-11-20 07:41:08,664:DEBUG:certbot._internal.display.obj:Notifying user: 
Certbot failed to authenticate some domains (authenticator: dns-ovh). The Certificate Authority reported these problems:
  Identifier: a.test
  Type:   unauthorized
  Detail: No TXT record found at _acme-challenge.a.test

Hint: The Certificate Authority failed to verify the DNS TXT records created by --dns-ovh.

2026-11-20 07:41:08,665:DEBUG:certbot._internal.error_handler:Encountered exception:
Traceback (most recent call last):
  File "/opt/certbot/lib/python3.11/site-packages/certbot/_internal/auth_handler.py", line 108, in handle_authorizations
    self._poll_authorizations(authzrs, max_retries, max_time_mins, best_effort)
certbot.errors.AuthorizationError: Some challenges have failed.

2026-11-20 07:41:08,666:ERROR:certbot._internal.renewal:Failed to renew certificate a.test with error: Some challenges have failed.
2026-11-20 07:41:08,668:DEBUG:certbot._internal.renewal:Traceback was:
Traceback (most recent call last):
  File "/opt/certbot/lib/python3.11/site-packages/certbot/_internal/renewal.py", line 715, in handle_renewal_request
    main.renew_cert(lineage_config, plugins, renewal_candidate)
  File "/opt/certbot/lib/python3.11/site-packages/certbot/_internal/auth_handler.py", line 108, in handle_authorizations
    self._poll_authorizations(authzrs, max_retries, max_time_mins, best_effort)
certbot.errors.AuthorizationError: Some challenges have failed.

2026-11-20 07:41:08,670:DEBUG:certbot._internal.display.obj:Notifying user: Processing /etc/letsencrypt/renewal/b.test.conf
2026-11-20 07:41:08,681:INFO:certbot._internal.plugins.selection:Plugins selected: Authenticator dns-route53, Installer None
2026-11-20 07:41:08,761:ERROR:certbot._internal.renewal:Failed to renew certificate b.test with error: Unable to locate credentials
To use certbot-dns-route53, configure credentials as described at https://boto3.readthedocs.io/
2026-11-20 07:41:08,762:DEBUG:certbot._internal.renewal:Traceback was:
Traceback (most recent call last):
  File "/opt/certbot/lib/python3.11/site-packages/botocore/auth.py", line 419, in add_auth
    raise NoCredentialsError()
botocore.exceptions.NoCredentialsError: Unable to locate credentials

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/opt/certbot/lib/python3.11/site-packages/certbot_dns_route53/_internal/dns_route53.py", line 80, in perform
    raise errors.PluginError("\n".join([str(e), INSTRUCTIONS]))
certbot.errors.PluginError: Unable to locate credentials
To use certbot-dns-route53, configure credentials as described at https://boto3.readthedocs.io/

2026-11-20 07:41:08,763:DEBUG:certbot._internal.display.obj:Notifying user: Processing /etc/letsencrypt/renewal/good.test.conf
2026-11-20 07:41:10,920:DEBUG:certbot._internal.display.obj:Notifying user: The following renewals succeeded:
2026-11-20 07:41:10,920:DEBUG:certbot._internal.display.obj:Notifying user:   /etc/letsencrypt/live/good.test/fullchain.pem (success)
2026-11-20 07:41:10,921:ERROR:certbot._internal.renewal:The following renewals failed:
2026-11-20 07:41:10,921:ERROR:certbot._internal.renewal:  /etc/letsencrypt/live/a.test/fullchain.pem (failure)
  /etc/letsencrypt/live/b.test/fullchain.pem (failure)
"#;

/// certbot 1.0, which did not log what it was at.
const OLDEST: &str = r#"2026-11-19 07:40:57,548:DEBUG:certbot._internal.main:certbot version: 1.0.0
2026-11-19 07:40:57,548:DEBUG:certbot._internal.main:Arguments: ['-q']
2026-11-19 07:40:57,563:INFO:certbot._internal.plugins.selection:Plugins selected: Authenticator dns-ovh, Installer None
2026-11-19 07:40:57,642:INFO:certbot.plugins.dns_common:Waiting 30 seconds for DNS changes to propagate
2026-11-19 07:41:28,664:DEBUG:certbot.reporter:Reporting to user: The following errors were reported by the server:

Domain: a.test
Type:   unauthorized
Detail: Incorrect TXT record "old" found at _acme-challenge.a.test
2026-11-19 07:41:28,666:WARNING:certbot._internal.renewal:Attempting to renew cert (a.test) from /etc/letsencrypt/renewal/a.test.conf produced an unexpected error: Some challenges have failed.. Skipping.
"#;

fn course(texts: &[&str]) -> Vec<Logged> {
    let zone = TimeZone::UTC;
    let mut course = Course::new(Path::new("/etc/letsencrypt"), &zone);
    for text in texts {
        course.file("/var/log/letsencrypt/letsencrypt.log", text, false);
    }
    course.end()
}

/// Another line of a run, some seconds after the newest.
fn line(message: &str) -> String {
    format!("2026-11-20 07:42:00,000:DEBUG:certbot._internal.main:{message}\n")
}

#[test]
fn what_the_ca_said_and_how_long_was_waited_goes_with_the_failure() {
    let failures = course(&[NEWEST]);
    let [a, b] = failures.as_slice() else { panic!("{failures:#?}") };
    assert_eq!((a.lineage.as_str(), a.waited), ("a.test", Some(10)));
    assert_eq!(a.at, moment("2026-11-20 07:41:08,666", &TimeZone::UTC).unwrap());
    assert_eq!(a.place, "/var/log/letsencrypt/letsencrypt.log:23");
    let [attempt] = a.attempts.as_slice() else { panic!("{a:#?}") };
    assert_eq!((attempt.identifier.as_str(), attempt.method.as_str()), ("a.test", "dns-ovh"));
    let said = attempt.problem.as_ref().unwrap();
    assert_eq!(said.r#type, "urn:ietf:params:acme:error:unauthorized");
    assert_eq!(said.detail, "No TXT record found at _acme-challenge.a.test");
    assert_eq!(a.exception.as_deref(), Some("certbot.errors.AuthorizationError"));
    assert_eq!((b.error.as_str(), b.waited), ("Unable to locate credentials", None));
    assert!(b.attempts.is_empty());
    assert_eq!(b.exception.as_deref(), Some("certbot.errors.PluginError"));
    assert!(b.raised_in.as_deref().unwrap().ends_with("certbot_dns_route53/_internal/dns_route53.py"));
}

#[test]
fn an_old_certbots_words_are_understood() {
    let failures = course(&[OLDEST]);
    assert_eq!(failures.len(), 1);
    assert_eq!((failures[0].error.as_str(), failures[0].waited), ("Some challenges have failed.", Some(30)));
    let said = failures[0].attempts[0].problem.as_ref().unwrap();
    assert_eq!(said.detail, "Incorrect TXT record \"old\" found at _acme-challenge.a.test");
}

#[test]
fn a_later_failure_replaces_an_earlier_one_and_a_later_success_removes_it() {
    let failures = course(&[OLDEST, NEWEST]);
    assert_eq!(failures[0].waited, Some(10));
    let success = line("certbot version: 5.8.0")
        + &line("Notifying user: Congratulations, all simulated renewals succeeded: ")
        + &line("Notifying user:   /etc/letsencrypt/live/a.test/fullchain.pem (success)");
    let left = course(&[NEWEST, &success]);
    assert_eq!(left.iter().map(|l| l.lineage.as_str()).collect::<Vec<_>>(), ["b.test"]);
}

#[test]
fn rehearsals_other_folders_and_runs_without_a_beginning_do_not_count() {
    assert!(course(&[&NEWEST.replace("'-q'", "'--dry-run'")]).is_empty());
    assert!(
        course(&[&NEWEST.replace("Renewing an existing", "Simulating renewal of an existing")]).len() == 1
    );
    assert!(course(&[&NEWEST.replace("/etc/letsencrypt/renewal", "/srv/le/renewal")]).is_empty());
    let (_, end) = NEWEST.split_once("Arguments").unwrap();
    assert!(course(&[end]).is_empty());
}

#[test]
fn an_error_holds_no_secret() {
    let error = "401 Client Error for url: https://api.example/v1?token=hush and bearer hush2";
    let log = NEWEST.replace("Some challenges have failed.", error);
    let text = format!("{:?}", course(&[&log]));
    assert!(text.contains("401 Client Error") && !text.contains("hush"), "{text}");
}

#[test]
fn the_files_are_read_from_the_oldest_and_compressed_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("var/log/letsencrypt");
    std::fs::create_dir_all(&logs).unwrap();
    let files = [
        ("letsencrypt.log.2", OLDEST, 1_000),
        ("letsencrypt.log.1", NEWEST, 2_000),
        ("letsencrypt.log", "", 3_000),
    ];
    for (name, text, second) in files {
        std::fs::write(logs.join(name), text).unwrap();
        let file = std::fs::File::options().write(true).open(logs.join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
    }
    std::fs::write(logs.join("letsencrypt.log.3.gz"), b"\x1f\x8b").unwrap();
    let root = Root::below(dir.path()).unwrap();
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let read = |logs: &str| failures(&root, Path::new(logs), Path::new("/etc/letsencrypt"), &berlin).unwrap();
    let found = read("/var/log/letsencrypt");
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].waited, Some(10));
    assert!(found[0].place.ends_with("letsencrypt.log.1:23"), "{}", found[0].place);
    assert_eq!(found[0].at, "2026-11-20T06:41:08Z".parse().unwrap(), "certbot writes the host's own time");
    assert!(read("/var/log/none").is_empty());
}
