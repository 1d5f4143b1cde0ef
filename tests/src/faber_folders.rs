//! Folders of FABER projects as they are met: in every layout there was, and damaged in every way
//! that a crash, an editor, a merge or a race damages files. What each file has to come to, and
//! which facts the intact ones tell, is written down beside. All of it follows from a seed.

mod forms;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use helmstream_services::faber::told::Word;
use serde_json::{Value, json};

use self::forms::{envelope, states, written};
use crate::kill::chance::Chance;

/// A project's folder, and what has to come of it.
pub struct Folder {
    pub dir: PathBuf,
    pub name: String,
    /// For each file the words that it may come to.
    pub files: BTreeMap<String, &'static [Word]>,
    /// Files of which one has to come to one word and the others to another: the same said twice,
    /// or said otherwise.
    pub pairs: Vec<(Vec<String>, Word)>,
    /// What is known of each run afterwards: its numbers, and what happened under each.
    pub facts: BTreeMap<String, BTreeSet<(u64, &'static str)>>,
    /// What is known to be deployed afterwards: each unit's name, and the deployment's id.
    pub deployed: BTreeSet<(String, String)>,
    /// What the other intact files are told as: of which run or project, what, from which file, and
    /// how often.
    pub seen: BTreeMap<Seen, u64>,
}

/// A run or a project, what was told of it, and the file that tells it.
pub type Seen = (String, &'static str, String);

const TAKEN: &[Word] = &[Word::Taken];
const KNOWN: &[Word] = &[Word::Taken, Word::HadAlready];
const QUARANTINED: &[Word] = &[Word::Quarantined];
const NOTHING: &[Word] = &[Word::Nothing];
const TAKEN_OR_DISPUTED: &[Word] = &[Word::Taken, Word::Conflict];

/// FABER's words in the order of a run, and the events they are here.
const WORDS: [(&str, &str); 8] = [
    ("workflow_start", "started"),
    ("phase_start", "phase_begun"),
    ("step_start", "step_begun"),
    ("step_complete", "step_ended"),
    ("artifact_create", "artifact_recorded"),
    ("checkpoint", "noted"),
    ("phase_complete", "phase_ended"),
    ("workflow_complete", "ended"),
];

/// Where a run's files lie.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// `.fractary/plugins/faber/runs/<org>/<project>/<uuid>/`, each event a file.
    Plugin,
    /// `.fractary/faber/runs/<org>/<project>/<uuid>/`, each event a file.
    Faber,
    /// The same, with the events in one file.
    Consolidated,
    /// `.fractary/faber/runs/<plan>/`, with the suffix of the run in the names of files.
    Plan,
    /// `.fractary/runs/<plan>-run-<suffix>/state.json`, and no events.
    Older,
    /// `logs/fractary/runs/<uuid>/`, with a state that lists the ids of what is done.
    Logs,
}

const LAYOUTS: [Layout; 6] = [
    Layout::Plugin,
    Layout::Faber,
    Layout::Consolidated,
    Layout::Plan,
    Layout::Older,
    Layout::Logs,
];

/// Makes the folder number `number` below `root`.
pub fn folder(root: &Path, chance: &mut Chance, number: u64) -> Folder {
    let name = format!("project-{number}");
    let dir = root.join(&name);
    fs::create_dir_all(&dir).expect("a folder can be made");
    let mut made = Folder {
        dir,
        name,
        files: BTreeMap::new(),
        pairs: Vec::new(),
        facts: BTreeMap::new(),
        deployed: BTreeSet::new(),
        seen: BTreeMap::new(),
    };
    for run in 0..1 + chance.below(2) {
        let layout = LAYOUTS[chance.below(LAYOUTS.len() as u64) as usize];
        made.run(chance, number, run, layout);
    }
    if chance.percent(30) {
        made.put(".fractary/README.md", b"# Notes\n", NOTHING);
    }
    if chance.percent(30) {
        let path = ".faber.config.toml";
        made.put(path, b"[workflow]\nautonomy = \"guarded\"\n", TAKEN);
        made.kept(path);
    }
    if chance.percent(20) {
        made.changelog(chance, number);
    }
    if chance.percent(25) {
        made.registry(chance, number);
    }
    if chance.percent(20) {
        let entity = json!({
            "entity_type": "table", "entity_id": format!("orders-{number}"), "status": "ready",
            "organization": "acme", "project": "shop", "version": 3, "step_status": {}
        });
        let path = format!(".fractary/faber/entities/table/orders-{number}.json");
        made.put(&path, entity.to_string().as_bytes(), KNOWN);
        made.kept(&path);
    }
    made
}

impl Folder {
    fn put(&mut self, path: &str, bytes: &[u8], words: &'static [Word]) {
        let file = self.dir.join(path);
        fs::create_dir_all(file.parent().expect("a path in a folder")).expect("a folder");
        fs::write(file, bytes).expect("a file can be written");
        self.files.insert(path.to_owned(), words);
    }

    fn run(&mut self, chance: &mut Chance, number: u64, run: u64, layout: Layout) {
        let mixed = chance.number();
        let uuid = uuid::Uuid::from_u64_pair(mixed, chance.number());
        let plan = format!("acme-shop-{number}-{run}");
        let suffix = format!("2026-04-0{}t10-00-0{run}z", 1 + number % 9);
        let long = format!("acme/shop/{uuid}");
        let (run_id, folder) = match layout {
            Layout::Plugin => (long.clone(), format!(".fractary/plugins/faber/runs/{long}")),
            Layout::Faber | Layout::Consolidated => {
                (long.clone(), format!(".fractary/faber/runs/{long}"))
            }
            Layout::Plan => (format!("{plan}/{suffix}"), format!(".fractary/faber/runs/{plan}")),
            Layout::Older => {
                (format!("{plan}/{suffix}"), format!(".fractary/runs/{plan}-run-{suffix}"))
            }
            Layout::Logs => (long.clone(), format!("logs/fractary/runs/{uuid}")),
        };
        let state = match layout {
            Layout::Plan => format!("{folder}/state-{suffix}.json"),
            _ => format!("{folder}/state.json"),
        };
        if self.damaged(chance, &state, &states(&run_id, &plan, layout), KNOWN) {
            self.told(&run_id, "state", &state, 1);
        }
        match layout {
            Layout::Older => {}
            Layout::Consolidated => self.log(chance, &folder, &run_id),
            _ => self.events(chance, &folder, &run_id),
        }
        if matches!(layout, Layout::Plugin | Layout::Faber) {
            let begun = json!({
                "run_id": run_id, "work_id": number.to_string(), "workflow_id": "core",
                "autonomy": "guarded", "source_type": "github", "phases": ["build"],
                "created_at": "2026-04-01T10:00:00.000Z", "created_by": "ci"
            });
            let path = format!("{folder}/metadata.json");
            if self.damaged(chance, &path, &begun, KNOWN) {
                self.told(&run_id, "metadata", &path, 1);
            }
            self.put(&format!("{folder}/events/.next-id"), b"9\n", NOTHING);
        }
        if matches!(layout, Layout::Plan) {
            self.put(&format!("{folder}/.run-{suffix}"), b"", NOTHING);
            let plan = json!({
                "id": plan, "created_by": "planner", "autonomy": "guarded", "items": [],
                "workflow": {"id": "core", "phases": {"build": {"steps": [{"id": "implement"}]}}}
            });
            let path = format!("{folder}/plan.json");
            if self.damaged(chance, &path, &plan, TAKEN) {
                self.kept(&path);
            }
        }
    }

    fn told(&mut self, of: &str, what: &'static str, path: &str, times: u64) {
        *self.seen.entry((of.to_owned(), what, path.to_owned())).or_default() += times;
    }

    /// A file without a meaning here, which is kept by its project.
    fn kept(&mut self, path: &str) {
        let project = format!("/faber/{}", self.name);
        self.told(&project, "external", path, 1);
    }

    /// A file that may be cut, emptied, not be a text, or be a folder; whether it is none of these.
    fn damaged(
        &mut self,
        chance: &mut Chance,
        path: &str,
        value: &Value,
        words: &'static [Word],
    ) -> bool {
        let text = written(chance, value);
        let damage = chance.below(20);
        match damage {
            0 => self.put(
                path,
                &text[..1 + chance.below(text.len() as u64 / 2) as usize],
                QUARANTINED,
            ),
            1 => self.put(path, b"", QUARANTINED),
            2 => {
                self.put(&format!("{path}/inner.txt"), b"", NOTHING);
                self.files.insert(path.to_owned(), QUARANTINED);
            }
            3 => self.put(path, &[&b"\xff"[..], &text].concat(), QUARANTINED),
            _ => self.put(path, &text, words),
        }
        damage > 3
    }

    /// Each event a file of its own.
    fn events(&mut self, chance: &mut Chance, folder: &str, run_id: &str) {
        let mut facts = BTreeSet::new();
        let last = 3 + chance.below(WORDS.len() as u64 - 2);
        // Names of three digits and of four come in the order of their numbers.
        let from = if chance.percent(10) { 997 } else { 1 };
        for (at, (word, name)) in (from..from + last).zip(WORDS) {
            let event = envelope(chance, run_id, at, word);
            let text = written(chance, &event);
            let path = |at: u64, tail: &str| format!("{folder}/events/{at:03}-{word}{tail}.json");
            let own = path(at, "");
            match chance.below(24) {
                0 => {
                    let cut = 1 + chance.below(text.len() as u64 / 2) as usize;
                    self.put(&own, &text[..cut], QUARANTINED);
                    continue;
                }
                1 => {
                    let nothing = if chance.percent(50) { &b""[..] } else { &b"\n"[..] };
                    self.put(&own, nothing, QUARANTINED);
                    continue;
                }
                2 => {
                    self.put(&format!("{own}/inner.txt"), b"", NOTHING);
                    self.files.insert(own, QUARANTINED);
                    continue;
                }
                3 => {
                    let (front, back) = text.split_at(text.len() / 2);
                    self.put(&own, &[front, b"\xfe", back].concat(), QUARANTINED);
                    continue;
                }
                4 => {
                    let copy = path(at, "-copy");
                    self.put(&own, &text, KNOWN);
                    self.put(&copy, &text, KNOWN);
                    self.pairs.push((vec![own, copy], Word::HadAlready));
                }
                5 => self.put(&path(at + 500, "-renumbered"), &text, TAKEN),
                6 => {
                    let mut other = event.clone();
                    other["message"] = "told otherwise".into();
                    let twin = path(at, "-other");
                    self.put(&own, &text, TAKEN_OR_DISPUTED);
                    self.put(&twin, &written(chance, &other), TAKEN_OR_DISPUTED);
                    self.pairs.push((vec![own, twin], Word::Conflict));
                }
                _ => self.put(&own, &text, TAKEN),
            }
            facts.insert((at, name));
        }
        self.facts.insert(run_id.to_owned(), facts);
    }

    /// All events in one file, some lines of which may be cut.
    fn log(&mut self, chance: &mut Chance, folder: &str, run_id: &str) {
        let mut facts = BTreeSet::new();
        let mut text = String::new();
        let mut words = TAKEN;
        let mut order: Vec<usize> = (0..WORDS.len()).collect();
        if chance.percent(20) {
            chance.shuffle(&mut order);
        }
        for index in order {
            let (word, name) = WORDS[index];
            let at = index as u64 + 1;
            let line = envelope(chance, run_id, at, word).to_string();
            if chance.percent(4) {
                text += &line[..line.len() / 2];
                words = QUARANTINED;
            } else {
                facts.insert((at, name));
                text += &line;
                if chance.percent(5) {
                    text += &format!("\n{line}");
                }
            }
            text += if chance.percent(20) { "\r\n" } else { "\n" };
        }
        if facts.is_empty() {
            words = QUARANTINED;
        }
        self.put(&format!("{folder}/events.jsonl"), text.as_bytes(), words);
        self.facts.insert(run_id.to_owned(), facts);
    }

    /// The registry of what the project deployed.
    fn registry(&mut self, chance: &mut Chance, number: u64) {
        let entries: Vec<(String, String)> = (0..1 + chance.below(3))
            .map(|n| (format!("shop-{number}-{n}"), format!("deploy-{number}-{n}")))
            .collect();
        let written: Vec<Value> = entries
            .iter()
            .map(|(unit, id)| {
                json!({
                    "id": id, "unit": unit, "domain": "application", "environment": "test",
                    "deployed_at": "2026-04-01T12:00:00.000Z"
                })
            })
            .collect();
        let path = ".fractary/registry/deployments.json";
        let registry = json!({"version": "1.0", "deployments": written});
        if self.damaged(chance, path, &registry, TAKEN) {
            self.deployed.extend(entries);
            self.kept(path);
        }
    }

    fn changelog(&mut self, chance: &mut Chance, number: u64) {
        let line = |n: u64| {
            json!({
                "event_id": format!("evt_{number}_{n}"), "timestamp": "2026-04-01T11:00:00.000Z",
                "run_id": format!("acme-shop-{number}/x"), "workflow_id": "core", "phase": "release",
                "step_id": "release-merge", "status": "success", "event_type": "CODE_MERGED"
            })
        };
        let mut text = String::new();
        let broken = chance.percent(20);
        let lines = 1 + chance.below(3);
        for n in 0..lines {
            text += &format!("{}\n", line(n));
        }
        self.told(
            &format!("acme-shop-{number}/x"),
            "published",
            ".fractary/changelog.ndjson",
            lines,
        );
        if broken {
            text += "{\"event_id\": ";
        }
        let words = if broken { QUARANTINED } else { KNOWN };
        self.put(".fractary/changelog.ndjson", text.as_bytes(), words);
    }
}
