//! Installs a pinned server into the tools folder with pip: version and hash are fixed, nothing
//! else is fetched.
//!
//! All or nothing: pip fills a folder beside, which gets its real name only after its programs have
//! answered. An interrupted install is therefore never taken for one, and a second xtask waits at a
//! lock until the first is done.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::choose::{Candidate, Source, Unusable, examine};
use super::error::ProvisionError;
use super::server::Server;
use super::version::{self, Version};
use crate::checkout;

/// Where the pinned server's programs are once installed.
pub(crate) fn folder(server: &Server, tools: &Path) -> PathBuf {
    home(server, tools).join(server.pinned_bin)
}

/// `passed_over` is only for the error's text: who has an old server should read why it did not
/// serve.
pub(crate) fn install(
    server: &'static Server,
    tools: &Path,
    passed_over: &[(PathBuf, Unusable)],
) -> Result<(Candidate, Version), ProvisionError> {
    let cannot = |tried: &'static str, path: &Path| {
        let path = path.to_path_buf();
        move |source: io::Error| ProvisionError::Io { tried, path, source }
    };
    fs::create_dir_all(tools).map_err(cannot("create", tools))?;
    let _lock = lock(server, tools)?;
    if let Some(done) = installed(server, tools) {
        return Ok(done); // by the one we waited for
    }
    remove_leftovers(server, tools).map_err(cannot("clean", tools))?;

    let home = home(server, tools);
    let partial = tools.join(format!("{}{}", partial_prefix(server), std::process::id()));
    let pip = find_pip().map_err(|tried| ProvisionError::NoPip {
        server,
        tried,
        passed_over: passed_over.to_vec(),
    })?;
    eprintln!("{}: installing {} into {}", server.name, server.pinned_version, home.display());
    run_pip(pip, server, &partial)?;
    let filled = Candidate::in_folder(server, &partial.join(server.pinned_bin), Source::Tools);
    let version = examine(&filled, server.minimum, version::ask)
        .map_err(|unusable| ProvisionError::Broken { server, unusable })?;
    if home.exists() {
        // It was examined before we came here, and does not serve.
        fs::remove_dir_all(&home).map_err(cannot("replace", &home))?;
    }
    fs::rename(&partial, &home).map_err(cannot("create", &home))?;
    Ok((Candidate::in_folder(server, &folder(server, tools), Source::Tools), version))
}

fn installed(server: &Server, tools: &Path) -> Option<(Candidate, Version)> {
    let candidate = Candidate::in_folder(server, &folder(server, tools), Source::Tools);
    let version = examine(&candidate, server.minimum, version::ask).ok()?;
    Some((candidate, version))
}

fn home(server: &Server, tools: &Path) -> PathBuf {
    tools.join(format!("{}-{}", server.name, server.pinned_version))
}

/// A name of its own for each process: the pip of a killed xtask may still be writing into the old
/// one.
fn partial_prefix(server: &Server) -> String {
    format!(".{}-partial-", server.name)
}

fn lock(server: &Server, tools: &Path) -> Result<File, ProvisionError> {
    let path = tools.join(".lock");
    let cannot = |source| ProvisionError::Io { tried: "lock", path: path.clone(), source };
    let file = File::create(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!(
                "{}: waiting for another xtask that installs into {}",
                server.name,
                tools.display()
            );
            file.lock().map_err(cannot)?;
        }
        Err(TryLockError::Error(error)) => return Err(cannot(error)),
    }
    Ok(file)
}

fn remove_leftovers(server: &Server, tools: &Path) -> io::Result<()> {
    for entry in fs::read_dir(tools)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&partial_prefix(server)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// pip's own words go to the terminal as they come: they show progress, and what went wrong.
fn run_pip(mut pip: Command, server: &'static Server, target: &Path) -> Result<(), ProvisionError> {
    pip.args(["install", "--no-input", "--no-compile", "--disable-pip-version-check"])
        .args(["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target"])
        .arg(target)
        .arg("--requirement")
        .arg(checkout::root().join("xtask").join(server.pins))
        .stdin(Stdio::null())
        .stdout(io::stderr());
    if std::env::var_os("PIP_ROOT_USER_ACTION").is_none() {
        // Its warning is about system packages, and this touches none.
        pip.env("PIP_ROOT_USER_ACTION", "ignore");
    }
    let said = match pip.status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let _ = fs::remove_dir_all(target); // a leftover is removed by the next install in any case
    Err(ProvisionError::PipFailed { server, said })
}

/// The first Python on the PATH that has pip; else what was tried and what each answered.
fn find_pip() -> Result<Command, Vec<String>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut tried = Vec::new();
    for python in ["python3", "python"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
    {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip"]);
        match Command::new(&python).args(["-m", "pip", "--version"]).stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => return Ok(pip),
            Ok(output) => {
                let words = String::from_utf8_lossy(&output.stderr);
                tried.push(format!(
                    "{} -m pip: {}",
                    python.display(),
                    words.lines().last().unwrap_or("no output")
                ));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tried.push(format!("{}: {error}", python.display())),
        }
    }
    Err(tried)
}
