//! Waiting until all servers of a zone have a record: the CA may ask any of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::acme::{Answer, Method};
use crate::gather::net::dns::{Holding, Zones, name};

/// The first wait between two questions, and up to what it doubles.
const FIRST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(4);

/// How long it is waited, and whom is asked.
pub struct Propagation {
    /// Who is asked.
    pub zones: Option<Arc<Zones>>,
    /// As long as some server lacks the record.
    pub within: Duration,
    /// Where no server can be asked.
    pub blind: Duration,
}

impl Propagation {
    /// Waits for the records of all answers that are records; gives what is to be known.
    pub async fn wait(&self, answers: &[Answer]) -> Vec<String> {
        let mut records: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for answer in answers.iter().filter(|answer| answer.method == Method::Dns01) {
            records.entry(answer.record()).or_default().push(answer.value());
        }
        let until = Instant::now() + self.within;
        let all = records.iter().map(|(record, values)| self.one(record, values, until));
        let ends = futures_util::future::join_all(all).await;
        if ends.contains(&End::Blind) {
            sleep(self.blind).await;
        }
        let late = ends.into_iter().zip(records.keys()).filter_map(|(end, record)| match end {
            End::Lacking(servers) => Some(format!(
                "{record}: {} did not have the record after {} s; the CA was asked all the same",
                servers.join(", "),
                self.within.as_secs()
            )),
            End::Seen | End::Blind => None,
        });
        late.collect()
    }

    async fn one(&self, record: &str, values: &[String], until: Instant) -> End {
        let (Some(zones), Some(name)) = (&self.zones, name(record)) else { return End::Blind };
        let mut pause = FIRST;
        loop {
            let holding = zones.holding(&name, values).await;
            match holding {
                Holding::All => return End::Seen,
                Holding::Unasked => return End::Blind,
                Holding::Lacking(servers) if Instant::now() + pause > until => return End::Lacking(servers),
                Holding::Lacking(servers) => {
                    tracing::debug!("{record} is not at {} yet", servers.join(", "));
                }
            }
            sleep(pause).await;
            pause = MOST.min(pause * 2);
        }
    }
}

/// What came of waiting.
#[derive(PartialEq, Eq)]
enum End {
    Seen,
    Lacking(Vec<String>),
    Blind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_records_are_waited_for_and_where_nobody_can_be_asked_a_fixed_time() {
        let blind = Duration::from_millis(50);
        let propagation = Propagation { zones: None, within: Duration::from_secs(60), blind };
        let answer = |method| Answer {
            method,
            identifier: "a.test".into(),
            token: "t".into(),
            key_authorization: "t.thumb".into(),
        };
        let begin = Instant::now();
        assert!(propagation.wait(&[answer(Method::Http01)]).await.is_empty());
        assert!(begin.elapsed() < blind);
        assert!(propagation.wait(&[answer(Method::Dns01)]).await.is_empty());
        assert!((blind..blind * 100).contains(&begin.elapsed()));
    }
}
