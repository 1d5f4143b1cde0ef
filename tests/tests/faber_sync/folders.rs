//! Many folders with random damage.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    time::Instant,
};

use futures_util::{StreamExt, stream};
use helmstream_services::{
    client::Direct,
    faber::told::{Told, Word},
};
use helmstream_stream::read::{extent, read};
use helmstream_tests::{
    faber_folders::{Folder, Seen, folder},
    harness::TestPlane,
    kill::chance::Chance,
    running::Running,
};
use serde_json::Value;

use super::{Scratch, WITH, client, heads, synced};

/// Folders that are synced at once.
const AT_ONCE: usize = 8;

/// Every so many folders is synced a second time.
const SAMPLE: u64 = 10;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_damaged_folders_has_one_outcome_and_the_intact_ones_tell_their_facts() {
    let (folders, seed) =
        (number("HELMSTREAM_FOLDERS", 100), number("HELMSTREAM_SEED", 20_260_401));
    println!("{folders} folders, seed {seed}");
    let plane = TestPlane::start_running(&WITH).await;
    let scratch = Scratch::make();
    let client = client(&plane);
    let begun = Instant::now();
    let (mut facts, mut deployed, mut seen) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let mut counts: BTreeMap<Word, u64> = BTreeMap::new();
    let mut kept = Vec::new();
    let mut syncing = stream::iter(0..folders)
        .map(|number| {
            let mut chance = Chance::new(seed ^ number.wrapping_mul(0x9e37_79b9));
            let made = folder(&scratch.0, &mut chance, number);
            one(&client, made)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((made, told)) = syncing.next().await {
        assert_outcomes(&made, &told);
        told.iter().for_each(|told| *counts.entry(told.outcome).or_default() += 1);
        facts.extend(made.facts.clone());
        deployed.extend(made.deployed.iter().cloned());
        seen.extend(made.seen.clone());
        if made.name.bytes().map(u64::from).sum::<u64>() % SAMPLE == 0 {
            kept.push(made);
        } else {
            fs::remove_dir_all(&made.dir).expect("a folder of ours");
        }
    }
    let files: u64 = counts.values().sum();
    println!("{files} files synced after {:?}: {counts:?}", begun.elapsed());
    let seen_files = seen.len();
    assert_facts(&plane, &facts, deployed, seen).await;
    println!(
        "facts of {} runs, what is deployed, and what {} other files tell compared after {:?}",
        facts.len(),
        seen_files,
        begun.elapsed()
    );
    let before = heads(&plane).await;
    for made in &kept {
        let told = synced(&client, &made.dir, false).await;
        for told in told {
            let is_known =
                matches!(told.outcome, Word::HadAlready | Word::Nothing | Word::Quarantined);
            assert!(is_known, "{} {told:?}", made.name);
        }
    }
    assert_eq!(heads(&plane).await, before, "a second sync of {} folders adds nothing", kept.len());
    println!("{} folders synced again after {:?}", kept.len(), begun.elapsed());
}

async fn one(client: &Direct, made: Folder) -> (Folder, Vec<Told>) {
    let told = synced(client, &made.dir, false).await;
    (made, told)
}

fn assert_outcomes(made: &Folder, told: &[Told]) {
    let mut found = BTreeMap::new();
    for told in told {
        let twice = found.insert(told.path.clone(), told);
        assert!(twice.is_none(), "{} {} is told twice", made.name, told.path);
    }
    let wanted: BTreeSet<&String> = made.files.keys().collect();
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), wanted, "{}: every file is told", made.name);
    for (path, words) in &made.files {
        let told = found[path];
        assert!(words.contains(&told.outcome), "{} {told:?}, not {words:?}", made.name);
        if told.outcome == Word::Quarantined {
            assert!(told.reason().is_some_and(|reason| !reason.reason.is_empty()), "{told:?}");
        }
    }
    for (paths, word) in &made.pairs {
        let count = paths.iter().filter(|path| found[*path].outcome == *word).count();
        assert_eq!(count, 1, "{}: one of {paths:?} is {word:?}", made.name);
    }
}

/// Reads the whole log: what it says under each number of each run is what the files said.
async fn assert_facts(
    plane: &Running,
    wanted: &BTreeMap<String, BTreeSet<(u64, &'static str)>>,
    mut deployed: BTreeSet<(String, String)>,
    wanted_seen: BTreeMap<Seen, u64>,
) {
    let mut seen: BTreeMap<Seen, u64> = BTreeMap::new();
    let mut found: BTreeMap<String, BTreeSet<(u64, String)>> = BTreeMap::new();
    let ledger = plane.plane.connect("ledger").await;
    let head = extent(&ledger, "EVENTS").await.expect("the log answers").last;
    let mut reader = read(&ledger, "EVENTS", 1).await.expect("the log can be read");
    let mut at = 0;
    while at < head {
        for record in reader.next().await.expect("the log can be read").records {
            at = record.sequence;
            let Some(run) = record.attributes.get("correlationid") else { continue };
            let name = record.attributes.kind().map(|kind| kind.name).unwrap_or_default();
            let said: Value = serde_json::from_slice(&record.payload).unwrap_or_default();
            if let (Some(unit), Some(id), "registered") =
                (said["unit"]["name"].as_str(), said["deployment"]["id"].as_str(), &*name)
            {
                let is_wanted = deployed.remove(&(unit.to_owned(), id.to_owned()));
                assert!(is_wanted, "{id} of {unit} is said twice, or nobody wrote it");
            }
            if let Some((what, path)) = of_file(&name, &said) {
                *seen.entry((run.to_owned(), what, path)).or_default() += 1;
            }
            let number = said["claim"]["number"].as_u64();
            if let (Some(number), true) = (number, name != "claim_disputed") {
                let twice = !found.entry(run.to_owned()).or_default().insert((number, name));
                assert!(!twice, "{run} says {number} twice");
            }
        }
    }
    for (run, facts) in wanted {
        let facts: BTreeSet<(u64, String)> =
            facts.iter().map(|(number, name)| (*number, (*name).to_owned())).collect();
        assert_eq!(found.remove(run).unwrap_or_default(), facts, "{run}");
    }
    assert!(found.is_empty(), "nothing else is said: {found:?}");
    assert!(deployed.is_empty(), "everything that was deployed is known: {deployed:?}");
    let differ = |(seen, times): &(&Seen, &u64)| wanted_seen.get(*seen) != Some(times);
    let more: Vec<_> = seen.iter().filter(differ).take(5).collect();
    let lacks: Vec<_> =
        wanted_seen.keys().filter(|wanted| !seen.contains_key(*wanted)).take(5).collect();
    assert!(
        more.is_empty() && lacks.is_empty(),
        "told and not wanted: {more:?}, lacking: {lacks:?}"
    );
}

/// What a file is told as, and the file. A state in any form tells the one step that it holds.
fn of_file(name: &str, said: &Value) -> Option<(&'static str, String)> {
    let path = |value: &Value| value.as_str().map(str::to_owned);
    let told = &said["told"];
    let what = match name {
        "recorded" => return Some(("external", path(&said["data"]["path"])?)),
        "observed" if told["state"].is_object() => {
            let [step] = &told["state"]["steps"].as_array()?[..] else {
                panic!("not one step: {said}")
            };
            assert_eq!(step["place"]["step"], "implement", "{said}");
            assert_eq!(told["state"]["status"], "in_progress", "{said}");
            "state"
        }
        "observed" if told["metadata"].is_object() => "metadata",
        "observed" => "published",
        _ => return None,
    };
    Some((what, path(&said["sighting"]["path"])?))
}
