//! The next version of the program, made of this very checkout: its sources are copied, a few exact
//! texts of them are changed, what is generated is generated, and it is built beside this one with
//! the same crates of others. It is no mock of a version: it decides, folds and answers by itself.

mod changes;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use changes::{ALL, APPENDED};

use crate::tree;

/// What a version is built of; nothing of it is a test.
const SOURCES: [&str; 8] =
    ["schemas/", "core/", "stream/", "projections/", "services/", "tests/src/", "xtask/", "nats/"];
const MANIFESTS: [&str; 4] = ["Cargo.toml", "Cargo.lock", "tests/Cargo.toml", "docs/guides/cli.md"];

/// Written by codegen, and so the next version's own.
const GENERATED: [&str; 3] = ["schemas/json/", "schemas/samples/", "schemas/asyncapi.json"];

/// The next version, built.
pub struct Next {
    /// `helmstream` of it.
    pub program: PathBuf,
    /// `helmstream-audit` of it.
    pub audit: PathBuf,
    /// How long it took to build.
    pub took: Duration,
}

/// Builds the next version, anew only as far as something changed. Tests that ask at once build one
/// after the other, because cargo lets one at a time into a target folder.
pub fn built() -> Next {
    let begun = Instant::now();
    let target = target();
    let folder = target.join("next");
    write(&folder, sources());
    let built = build(&folder, &target);
    let generate = Command::new(built.join("xtask-next"))
        .arg("codegen")
        .env("CARGO_MANIFEST_DIR", folder.join("xtask"))
        .output()
        .expect("codegen can be run");
    assert!(generate.status.success(), "codegen: {}", String::from_utf8_lossy(&generate.stderr));
    let schema = folder.join("schemas/json/run/event.annotated.json");
    assert!(schema.is_file(), "codegen wrote no {}", schema.display());
    Next {
        program: built.join("helmstream-next"),
        audit: built.join("helmstream-next-audit"),
        took: begun.elapsed(),
    }
}

/// Every file of the next version, as it is to stand in its folder.
fn sources() -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for path in tree::files() {
        let is_source = SOURCES.iter().any(|start| path.starts_with(start));
        if is_source || MANIFESTS.contains(&path.as_str()) || path.starts_with("tests/peers/") {
            let bytes = fs::read(tree::root().join(&path));
            all.insert(path.clone(), bytes.unwrap_or_else(|error| panic!("{path}: {error}")));
        }
    }
    for (file, more) in APPENDED {
        all.get_mut(file).unwrap_or_else(|| panic!("{file} is gone")).extend(more.bytes());
    }
    bear_another_version(&mut all);
    for change in ALL {
        let held = all.get_mut(change.file).unwrap_or_else(|| panic!("{} is gone", change.file));
        let text = String::from_utf8(std::mem::take(held)).expect("sources are texts");
        let found = text.matches(change.anchor).count();
        assert_eq!(
            found, 1,
            "the next version cannot be made: {} holds {found} times\n{}\n\
             change the anchor in tests/src/next/changes.rs to what stands there now",
            change.file, change.anchor
        );
        *held = text.replace(change.anchor, change.instead).into_bytes();
    }
    all
}

/// Its packages bear a version of their own. By that cargo tells them from ours: two packages of one name,
/// version and place in their workspaces are the same to it, and each would be taken for the other.
fn bear_another_version(all: &mut BTreeMap<String, Vec<u8>>) {
    let version = env!("CARGO_PKG_VERSION");
    let (ours, next) =
        (format!("version = \"{version}\""), format!("version = \"{version}-next\""));
    let names = ["schemas", "core", "stream", "projections", "services", "tests"];
    let names = names.map(|name| format!("helmstream-{name}"));
    let locked = names.iter().map(String::as_str).chain(["xtask"]);
    let locked = locked.map(|name| ("Cargo.lock", format!("name = \"{name}\"\n")));
    let stated = ("Cargo.toml", "[workspace.package]\n".to_owned());
    for (file, before) in locked.chain([stated]) {
        let held = all.get_mut(file).unwrap_or_else(|| panic!("{file} is gone"));
        let text = String::from_utf8(std::mem::take(held)).expect("a manifest is a text");
        let (anchor, instead) = (format!("{before}{ours}\n"), format!("{before}{next}\n"));
        assert!(text.contains(&anchor), "{file} does not hold\n{anchor}");
        *held = text.replace(&anchor, &instead).into_bytes();
    }
}

/// Writes what changed and nothing else, so that cargo builds nothing else anew, and takes away what
/// is there no more. What is generated is written once, and after that codegen's affair.
fn write(folder: &Path, files: BTreeMap<String, Vec<u8>>) {
    for (path, bytes) in &files {
        let file = folder.join(path);
        let is_generated = GENERATED.iter().any(|start| path.starts_with(start));
        let stands = match is_generated {
            true => file.is_file(),
            false => fs::read(&file).is_ok_and(|held| held == *bytes),
        };
        if !stands {
            fs::create_dir_all(file.parent().expect("a file lies in a folder"))
                .and_then(|()| fs::write(&file, bytes))
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
    let mut folders: Vec<PathBuf> =
        SOURCES.iter().map(|start| folder.join(start)).filter(|path| path.is_dir()).collect();
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(&within).expect("a folder can be read").flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).expect("below it").to_string_lossy().into_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if files.contains_key(&name) => {}
                false if GENERATED.iter().any(|start| name.starts_with(start)) => {}
                false => fs::remove_file(&path).expect("it can be removed"),
            }
        }
    }
}

/// Builds its programs; where they lie. The whole workspace is named, so that the crates of others are
/// those that `cargo test --workspace` has built already.
fn build(folder: &Path, target: &Path) -> PathBuf {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--offline", "--locked", "--workspace"]);
    for program in ["helmstream-next", "helmstream-next-audit", "xtask-next"] {
        cargo.args(["--bin", program]);
    }
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", target);
    // What cargo told this test is of this version.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|start| name.starts_with(start))
        {
            cargo.env_remove(&*name);
        }
    }
    let built = cargo.output().expect("cargo can be run");
    assert!(
        built.status.success(),
        "the next version cannot be built:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    println!("{}", String::from_utf8_lossy(&built.stderr).lines().last().unwrap_or_default());
    target.join("debug")
}

/// The folder into which this test was built.
fn target() -> PathBuf {
    let program = env::current_exe().expect("a test knows its own path");
    let deps = program.ancestors().find(|folder| folder.ends_with("deps"));
    let profile = deps.and_then(Path::parent).expect("a test lies in its target folder");
    profile.parent().expect("a profile lies in the target folder").to_owned()
}
