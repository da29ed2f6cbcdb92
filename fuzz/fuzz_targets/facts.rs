//! No facts make a check, the fold or a report panic.
#![no_main]

use acme_audit::audit::Judge;
use acme_audit::config::Config;
use acme_audit::facts::{HostFacts, Lineage};
use acme_audit::report::{json, nagios, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|b| *b == b'\n');
    let Some(Ok(host)) = lines.next().map(serde_json::from_slice::<HostFacts>) else { return };
    let mut judge = Judge::new(&host);
    for line in lines {
        if let Ok(lineage) = serde_json::from_slice::<Lineage>(line) {
            judge.lineage(lineage);
        }
    }
    let report = judge.finish().report(host.clone(), &Config::default());
    let _ = text::write(&mut Vec::new(), &report, false);
    let _ = json::write(&mut Vec::new(), &report);
    let _ = nagios::write(&mut Vec::new(), &report);
});
