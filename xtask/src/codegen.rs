//! Writes what is generated from `helmstream_schemas`: JSON Schemas, the AsyncAPI document,
//! samples; or checks that it is fresh.
//!
//! What should be there is decided in `codegen/plan.rs`; here is only reading and writing.

mod address;
mod asyncapi;
mod plan;
mod sample;

use std::fs;
use std::path::{Path, PathBuf};

use crate::checkout;
use crate::failure::Failure;
use asyncapi::{Stream, UnknownSubject};
use plan::{Difference, Files, PlanError};
use sample::SampleError;

/// The parts of `schemas/` that are generated.
const GENERATED: [&str; 3] = ["json", "samples", "asyncapi.json"];

/// With `check` nothing is written, and anything that would be is a failure that names the file.
pub(crate) fn codegen(check: bool) -> Result<(), Failure> {
    let root = checkout::root().join("schemas");
    let mut present = Files::new();
    for part in GENERATED {
        read(&root, &root.join(part), &mut present)?;
    }
    let wanted =
        plan::wanted(&helmstream_schemas::catalog(), &streams()?, &present).map_err(failure)?;
    let differences = plan::differences(&wanted, &present);

    if check && !differences.is_empty() {
        let lines = differences.iter().map(|(path, how)| format!("{}: schemas/{path}", said(*how)));
        return Err(Failure::new(
            "generated files are not what the code says",
            lines.collect::<Vec<_>>().join("\n"),
            "run `cargo xtask codegen` and commit what it writes",
        ));
    }
    for (path, how) in &differences {
        let file = root.join(path);
        match how {
            Difference::Superfluous => {
                fs::remove_file(&file).map_err(|error| Failure::io("remove", &file, error))?
            }
            Difference::Missing | Difference::Stale => write(&file, &wanted[path])?,
        }
        println!(
            "{}: schemas/{path}",
            if *how == Difference::Superfluous { "removed" } else { "wrote" }
        );
    }
    println!("{} generated files, {} changed", wanted.len(), differences.len());
    Ok(())
}

fn said(how: Difference) -> &'static str {
    match how {
        Difference::Missing => "missing",
        Difference::Stale => "stale",
        Difference::Superfluous => "superfluous",
    }
}

/// Reads a file, or all files of a folder, under their paths below `root`. What is not there is
/// nothing.
fn read(root: &Path, path: &Path, files: &mut Files) -> Result<(), Failure> {
    if path.is_dir() {
        for entry in entries(path)? {
            read(root, &entry, files)?;
        }
    } else if path.exists() {
        let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, error))?;
        let name = path.strip_prefix(root).unwrap_or(path);
        files.insert(name.to_string_lossy().into_owned(), text);
    }
    Ok(())
}

fn streams() -> Result<Vec<Stream>, Failure> {
    let folder = checkout::root().join("nats/streams");
    let mut streams = Vec::new();
    for path in entries(&folder)? {
        let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, error))?;
        let stream = serde_json::from_str(&text).map_err(|error| {
            let what = format!("{} is not a stream's configuration", path.display());
            Failure::new(
                what,
                error.to_string(),
                "it has to hold at least name, description and subjects",
            )
        })?;
        streams.push(stream);
    }
    Ok(streams)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error| Failure::io("read", folder, error);
    let entries = fs::read_dir(folder).map_err(cannot)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(cannot)?;
    paths.sort();
    Ok(paths)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error| Failure::io("write", file, error);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    fs::write(file, text).map_err(cannot)
}

fn failure(error: PlanError) -> Failure {
    match error {
        PlanError::Sample { kind, error: SampleError::NeedsExample { property, rule } } => {
            Failure::new(
                format!("cannot make a sample of {kind}"),
                format!("no text for `{property}` can be made up that keeps to `{rule}`"),
                "give the property `examples` in its JSON Schema",
            )
        }
        PlanError::Sample { kind, error: SampleError::Unresolved(reference) } => Failure::new(
            format!("cannot make a sample of {kind}"),
            format!("its schema refers to `{reference}`, which it does not define"),
            "the catalog has to give each word the definitions it uses",
        ),
        PlanError::Sample { kind, error: SampleError::Endless } => Failure::new(
            format!("cannot make a sample of {kind}"),
            "every value of it holds another one of itself",
            "make the recursive part optional, or a list",
        ),
        PlanError::Undecodable { kind, error } => Failure::new(
            format!("the sample of {kind} cannot be read as {kind}"),
            error,
            "its JSON Schema allows more than its type does: narrow the schema, or give it `examples`",
        ),
        PlanError::Subject(UnknownSubject { stream, subject }) => Failure::new(
            format!("stream {stream} has a subject outside the grammar"),
            format!("`{subject}` has no shape in xtask/src/codegen/address.rs"),
            "enlist its shape there, as helmstream_schemas::Subject reads it",
        ),
    }
}
