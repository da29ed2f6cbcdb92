//! After a renewal the host's own server should give the new certificate.

use std::time::Duration;

use tokio::time::sleep;

use super::Served;
use crate::facts::{self, Lineage};
use crate::gather::net::Net;

/// How often it is looked again while an old one is given: servers load anew in the background.
const LOOKS: usize = 10;
const BETWEEN: Duration = Duration::from_millis(500);

/// Looks at what is given for lineages that have just been renewed, their hooks run.
pub(super) async fn look(net: &Net, renewed: &mut [Lineage]) {
    for round in 0..LOOKS {
        if round > 0 {
            sleep(BETWEEN).await;
        }
        let served = net.served(renewed).await;
        for (lineage, served) in renewed.iter_mut().zip(served) {
            lineage.served = Some(facts::Served { after_renewal: true, ..served });
        }
        if renewed.iter().all(|lineage| of(lineage) != Served::Old) {
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
