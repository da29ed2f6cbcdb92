//! The dry run beside a real certbot's: the same lineages, the same network, the same CA.
//!
//! Real certbots make the lineages at a Pebble that looks at nothing; each is then rehearsed at one that does, by
//! `certbot renew --dry-run`, by `acme-audit dry-run --local` and by `acme-audit dry-run --server`.

mod shard;
mod table;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use crate::lab::{lab, run, skip};
use crate::net::{Place, World, world};
use shard::Shard;
use table::{SetUp, set_ups};

/// How many lineages share a configuration folder.
const SHARE: usize = 6;

/// The port that standalone takes.
static PORT: Mutex<()> = Mutex::new(());

/// The lineages in folders, and the certbots in turn.
fn shards(world: &World) -> Vec<Shard<'_>> {
    let certbots = lab().expect("the lab").certbots();
    let mut groups: BTreeMap<String, Vec<Vec<&'static SetUp>>> = BTreeMap::new();
    for set_up in set_ups() {
        let group = groups.entry(format!("{:?} {} {}", set_up.at, set_up.alone(), set_up.slow)).or_default();
        match group.last_mut() {
            Some(share) if !set_up.slow && share.len() < SHARE || set_up.alone() => share.push(set_up),
            _ => group.push(vec![set_up]),
        }
    }
    let all = groups.into_values().flatten().enumerate();
    all.map(|(number, set_ups)| {
        let certbot = certbots.get(number % certbots.len()).expect("a certbot").clone();
        Shard { world, certbot, number, set_ups }
    })
    .collect()
}

/// What is wrong with what was said of a shard's lineages.
fn wrong(shard: &Shard<'_>) -> Vec<String> {
    let alone = shard.set_ups.iter().any(|set_up| set_up.alone());
    // Of the hosts that they need it on there is one each.
    let _port = alone.then(|| PORT.lock().expect("no panic before"));
    shard.issue();
    let ((certbot, text), (here, _), (ca, report)) = match alone {
        true => (shard.certbots(), shard.here(), shard.at_the_ca()),
        false => thread::scope(|scope| {
            let (certbot, here) = (scope.spawn(|| shard.certbots()), scope.spawn(|| shard.here()));
            let ca = shard.at_the_ca();
            (certbot.join().expect("certbot"), here.join().expect("ours"), ca)
        }),
    };
    let mut wrong = Vec::new();
    for set_up in &shard.set_ups {
        let name = set_up.name;
        let by_certbot = if set_up.ca == "passed" { "passed" } else { "failed" };
        for (who, said, wanted) in
            [("certbot", &certbot, by_certbot), ("here", &here, set_up.here), ("the CA", &ca, set_up.ca)]
        {
            if said[name] != wanted {
                wrong.push(format!("{name}, {who}: `{}` instead of `{wanted}`", said[name]));
            }
        }
        let told = |id: &str| {
            let of = |f: &Value| {
                f["id"] == id && f["lineages"].as_array().is_some_and(|all| all.iter().any(|l| l == name))
            };
            report["findings"].as_array().expect("findings").iter().any(of)
        };
        wrong.extend(
            set_up.finding.filter(|id| !told(id)).map(|id| format!("{name}: the audit does not say {id}")),
        );
    }
    if shard.has_own_account() {
        wrong.push(format!("folder {} has an account of our own", shard.number));
    }
    if !wrong.is_empty() {
        wrong.push(format!("{text}\n{report:#}"));
    }
    wrong
}

#[test]
fn certbot_this_host_and_the_ca_come_to_the_same_end() {
    let Some(world) = world() else { return };
    let lab = lab().expect("the lab");
    if lab.certbots().len() < 2 || !std::path::Path::new("/usr/bin/pebble").exists() {
        return skip("needs pebble and both certbots");
    }
    run(world.command(Place::Internet, "sh").args(["-c", include_str!("cas.sh"), "sh"]).arg(lab.ca()));
    let shards = shards(world);
    let wrong: Vec<String> = thread::scope(|scope| {
        let all: Vec<_> = shards.iter().map(|shard| scope.spawn(|| wrong(shard))).collect();
        all.into_iter().flat_map(|one| one.join().expect("a shard")).collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_may_differ_says_why() {
    for set_up in set_ups() {
        let alike = (set_up.here == "passed") == (set_up.ca == "passed");
        assert_eq!(alike, set_up.unlike.is_none(), "{}", set_up.name);
    }
}
