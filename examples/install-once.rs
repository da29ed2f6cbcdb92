//! Installs one renewed certificate as the crash tests want it: recovers what a run before left, then
//! `install-once DIR STATE recover` ends, and `install-once DIR STATE install NAME FULLCHAIN KEY|same [KEY=VALUE…]` goes on.
//! DIR holds `etc`, `log` and `lib`: certbot's three folders.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use acme_audit::configobj::{Change, Value};
use acme_audit::error::Error;
use acme_audit::install::{Folders, Lock, Place, Privkey, Set, install, recover};
use zeroize::Zeroizing;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut said = String::new();
    let failed = run(&args, &mut said).err();
    // All at once and at the end: what is killed or refused before is a call of the install.
    let _ = std::io::stdout().write_all(said.as_bytes());
    match failed {
        None => ExitCode::SUCCESS,
        Some(error) => {
            let _ = std::io::stderr().write_all(format!("{error}\n").as_bytes());
            ExitCode::from(3)
        }
    }
}

fn run(args: &[String], said: &mut String) -> Result<(), Error> {
    let usage =
        || Error::new("usage: install-once DIR STATE recover | install NAME FULLCHAIN KEY|same [KEY=VALUE…]");
    let [dir, state, verb, rest @ ..] = args else { return Err(usage()) };
    let (dir, state) = (Path::new(dir), Path::new(state));
    let config = dir.join("etc");
    let folders = Folders { logs: dir.join("log"), config: config.clone(), work: dir.join("lib") };
    let lock = Lock::take(&folders)?;
    for settled in recover(&lock, state) {
        let settled = settled?;
        said.push_str(&format!("{}: {:?}\n", settled.lineage, settled.outcome));
    }
    let ("install", [name, fullchain, key, changes @ ..]) = (verb.as_str(), rest) else {
        return if verb == "recover" { Ok(()) } else { Err(usage()) };
    };
    let read = |path: &str| std::fs::read(path).map_err(|e| Error::new(format!("{path}: {e}")));
    let privkey = if key == "same" { Privkey::Same } else { Privkey::Pem(Zeroizing::new(read(key)?)) };
    let set = Set::from_fullchain(&read(fullchain)?, privkey)?;
    let changes: Vec<Change> = changes
        .iter()
        .filter_map(|change| change.split_once('='))
        .map(|(key, value)| Change {
            section: Vec::new(),
            key: key.into(),
            value: Some(Value::Scalar(value.into())),
        })
        .collect();
    let installed = install(&lock, &Place::read(&config, name)?, &set, &changes, state)?;
    said.push_str(&format!("installed {} {:?}\n", installed.version, installed.swap));
    for error in installed.unfinished {
        said.push_str(&format!("unfinished: {error}\n"));
    }
    Ok(())
}
