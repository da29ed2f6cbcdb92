//! What is asked of the zones' own servers, where a forwarder on the way to the resolver holds it back.

use crate::net::judged::holds;
use crate::net::{Place, Resolver, world};

#[test]
fn caa_records_are_asked_of_the_zone_where_a_forwarder_drops_them() {
    let Some(world) = world() else { return };
    holds(
        world,
        (Place::Web, Resolver::Dropping),
        &["caa-"],
        "",
        &[
            ("none.caa.test", ""),
            ("letsencrypt.caa.test", ""),
            ("other.caa.test", "caa-forbids-issuer"),
            ("www.other.caa.test", "caa-forbids-issuer"),
            ("dns.caa.test", "caa-validationmethods-mismatch"),
            ("www.caa-parent.test", "caa-forbids-issuer"),
            // Its own server drops them too.
            ("caa-dropped.test", "caa-lookup-error"),
        ],
    );
}
