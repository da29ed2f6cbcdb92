//! What servers have of a record that was just made.

use std::sync::Arc;
use std::time::Duration;

use acme_audit::gather::net::dns::{Holding, Resolver, Servers, Zones, name};

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
