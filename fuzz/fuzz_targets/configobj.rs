//! No bytes make the reader of renewal files panic, hang or lose a key.
#![no_main]

use acme_audit::configobj;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = configobj::parse(bytes) else {
        return;
    };
    let mut path = Vec::new();
    let mut section = document.root();
    loop {
        for entry in section.entries() {
            assert_eq!(section.get(&entry.key), Some(entry));
            let _ = document.value(&path, &entry.key);
        }
        let Some(inner) = section.sections().last() else {
            return;
        };
        path.push(inner.name());
        section = inner;
    }
});
