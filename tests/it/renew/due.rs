//! Only what is due is ordered.

use serde_json::json;

use super::site::Site;
use crate::orders::world::Pebble;

#[test]
fn what_is_not_due_costs_the_ca_no_order() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    folders.webroot("off.test", &[]);
    folders.edit("etc/renewal/off.test.conf", "[renewalparams]", "[renewalparams]\nautorenew = False");
    let before = site.orders();
    let report = folders.renew(&[]);
    report.assert(&["not-due", "not-due"], 0);
    assert_eq!(site.orders(), before);
    // When it will be is the rule of certbot, old and new.
    let end = folders.cert("a.test").not_after;
    let due = end.checked_sub(jiff::SignedDuration::from_hours(30 * 24)).expect("a time");
    assert_eq!(report.of("a.test")["at"], due.to_string(), "{:#}", report.json);
    assert_eq!(report.of("off.test")["at"], json!(null));
    let (told, code) = folders.told(&[]);
    assert!(told.contains("autorenew is False") && told.contains("0 renewed, 2 not due"), "{told}");
    assert_eq!((folders.told(&["--quiet"]), code), ((String::new(), Some(0)), Some(0)));
    // Whoever names it gets what certbot gives.
    folders.renew(&["--force", "a.test"]).assert(&["renewed"], 0);
    assert_eq!((folders.live("a.test"), folders.live("off.test")), (2, 1));
}

#[test]
fn a_short_lived_certificate_is_renewed_when_half_of_it_is_over_or_its_conf_says() {
    let Some(site) = Site::start(Pebble::new().set("certificateValidityPeriod", json!(6 * 86_400))) else {
        return;
    };
    let folders = site.debian();
    folders.webroot("a.test,www.a.test", &[]);
    folders.webroot("off.test", &[]);
    folders.edit("etc/renewal/off.test.conf", "[renewalparams]", "[renewalparams]\nautorenew = False");
    // This certbot would renew it at every run, up to the CA's limit.
    let report = folders.renew(&[]);
    report.assert(&["not-due", "not-due"], 0);
    let at: jiff::Timestamp = report.of("a.test")["at"].as_str().expect("a time").parse().expect("a time");
    assert!((71..=72).contains(&at.duration_since(jiff::Timestamp::now()).as_hours()), "{at}");
    folders.soon_due("a.test");
    let before = site.orders();
    folders.renew(&[]).assert(&["renewed", "not-due"], 0);
    assert_eq!((folders.live("a.test"), folders.live("off.test")), (2, 1));
    assert_eq!(site.orders(), before + 1);
}
