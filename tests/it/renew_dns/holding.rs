//! What servers have of a record that was just made.

use std::sync::Arc;
use std::time::Duration;

use acme_audit::acme::{Answer, Method};
use acme_audit::gather::net::dns::{Holding, Resolver, Servers, Zones, name};
use acme_audit::renewal::solve::propagation::Propagation;

use super::world::World;

#[test]
fn every_server_is_asked_wherever_the_record_is() {
    let Some(world) = World::start("hmac-sha256") else { return };
    for (zone, name) in [
        ("w.test", "_acme-challenge.w.test"),
        ("w.test", "there.w.test"),
        ("v.test", "there.v.test"),
        ("below.w.test", "_acme-challenge.below.w.test"),
        ("below.w.test", "below.w.test"),
    ] {
        world.make(zone, name, "one");
        world.make(zone, name, "two");
    }
    world.run(|| async {
        let servers = Arc::new(Servers::default());
        let resolver = Resolver::new(vec!["127.0.0.1:53".parse().expect("an address")], servers.clone());
        let zones = Zones::new(Arc::new(resolver), servers);
        let both = ["one".to_owned(), "two".to_owned()];
        let ask = async |at: &str, values: &[String]| zones.holding(&name(at).expect("a name"), values).await;
        // An update of the zone reaches its second server only when that looks.
        let late = Holding::Lacking(vec!["127.0.0.2".into()]);
        assert_eq!(ask("_acme-challenge.w.test", &both).await, late);
        assert_eq!(ask("near.w.test", &both).await, late);
        // Zones that the second server has not are not asked of it.
        assert_eq!(ask("far.w.test", &both).await, Holding::All);
        assert_eq!(ask("_acme-challenge.below.w.test", &both).await, Holding::All);
        assert_eq!(ask("below.w.test", &both).await, Holding::All, "a referral is followed");
        let other = [both[0].clone(), "three".to_owned()];
        assert_eq!(ask("far.w.test", &other).await, Holding::Lacking(vec!["127.0.0.1".into()]));
        assert_eq!(ask("_acme-challenge.elsewhere.example", &both).await, Holding::Unasked);
        for _ in 0..80 {
            if ask("_acme-challenge.w.test", &both).await == Holding::All {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(ask("_acme-challenge.w.test", &both).await, Holding::All);
        assert_eq!(ask("near.w.test", &both).await, Holding::All);
    });
}

#[test]
fn a_server_that_never_gets_the_record_is_named_when_the_time_is_over() {
    let Some(world) = World::start("hmac-sha256") else { return };
    // The second server copies nothing any more.
    crate::lab::run(
        world.command("knotc").arg("-s").arg(world.path("two/knot.sock")).args(["zone-freeze", "w.test"]),
    );
    let answer = Answer {
        method: Method::Dns01,
        identifier: "w.test".into(),
        token: "t".into(),
        key_authorization: "t.thumb".into(),
    };
    world.make("w.test", &answer.record(), &answer.value());
    world.run(|| async move {
        let servers = Arc::new(Servers::default());
        let resolver = Resolver::new(vec!["127.0.0.1:53".parse().expect("an address")], servers.clone());
        let zones = Some(Arc::new(Zones::new(Arc::new(resolver), servers)));
        let propagation = Propagation { zones, within: Duration::from_secs(6), blind: Duration::ZERO };
        let notes = propagation.wait(&[answer]).await;
        let said = "_acme-challenge.w.test: 127.0.0.2 did not have the record after 6 s; the CA was asked all the same";
        assert_eq!(notes, [said]);
    });
}
