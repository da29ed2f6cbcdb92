//! After a renewal the host's own server should give the new certificate.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::sleep;

use super::Served;
use crate::facts::{self, HostFacts, Lineage};
use crate::gather::net::Net;

/// How often it is looked again while an old one is given: servers load anew in the background. Where nothing has told them to, they
/// will hardly.
const LOOKS: usize = 30;
const UNTOLD: usize = 10;
const BETWEEN: Duration = Duration::from_millis(500);

/// Looks at what is given for lineages that have just been renewed, and of which some have `hooked` a server.
pub(super) async fn look(net: &Net, renewed: &mut [Lineage], hooked: impl Fn(&str) -> bool) {
    for round in 0..LOOKS {
        if round > 0 {
            sleep(BETWEEN).await;
        }
        let served = net.served(renewed).await;
        for (lineage, served) in renewed.iter_mut().zip(served) {
            lineage.served = Some(facts::Served { after_renewal: true, ..served });
        }
        let awaited = |lineage: &Lineage| round < UNTOLD || hooked(&lineage.name);
        if !renewed.iter().any(|lineage| of(lineage) == Served::Old && awaited(lineage)) {
            break;
        }
    }
}

/// What was seen of a lineage.
pub(super) fn of(lineage: &Lineage) -> Served {
    match lineage.served_older() {
        Ok(older) if !older.is_empty() => Served::Old,
        Ok(_) if lineage.is_served() => Served::New,
        _ => Served::NotChecked,
    }
}

/// How long an old certificate must last so that a routine comes in time: logrotate's are weekly at the least.
const IN_TIME: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Whether whatever gives an old one is loaded anew by a routine of the host, well before that one ends.
pub(super) fn is_for_a_routine(lineage: &Lineage, host: &HostFacts) -> bool {
    lineage.served_older().iter().flatten().all(|(given, _)| {
        let by = given.process.as_ref();
        given.not_after.duration_since(host.now) > IN_TIME
            && by.is_some_and(|process| host.is_loaded_by_routine(&process.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{beside, days, host, lineage};
    use crate::facts::{BesideKind, Given, Process};

    #[test]
    fn what_a_routine_loads_anew_in_time_is_waited_for() {
        let served = |not_after| {
            let mut lineage = lineage();
            let versions = &mut lineage.archive.as_mut().unwrap().versions;
            versions[0].issued.as_mut().unwrap().serial = "0001".into();
            let process = Some(Process { pid: 7, name: "nginx".into(), unit: None });
            let address = "127.0.0.1:443".parse().unwrap();
            let given =
                Given { name: "example.com".into(), address, serial: "0001".into(), not_after, process };
            lineage.served = Some(facts::Served { given: vec![given], after_renewal: true });
            lineage
        };
        let routine =
            HostFacts { beside: Ok(vec![beside("invoke-rc.d nginx reload", BesideKind::Routine)]), ..host() };
        assert!(is_for_a_routine(&served(days(20)), &routine));
        assert!(!is_for_a_routine(&served(days(20)), &host()));
        let command = "certbot renew -q --deploy-hook \"systemctl reload nginx\"";
        let hook = HostFacts { beside: Ok(vec![beside(command, BesideKind::Routine)]), ..host() };
        assert!(!is_for_a_routine(&served(days(20)), &hook), "certbot renews nothing here");
        assert!(!is_for_a_routine(&served(days(7)), &routine), "it may have ended before");
    }
}
