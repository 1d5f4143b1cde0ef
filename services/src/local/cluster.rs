//! Makes an empty Postgres cluster with its owner and one empty database, and knows as whom
//! Postgres can run. It starts no server, and puts nothing into the database.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{
        fs::{MetadataExt, OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{
    Durability,
    credentials::OWNER,
    process::{dying_with_us, wrapped},
};

/// The unprivileged user's number on every Linux.
const NOBODY: u32 = 65_534;

/// Makes the cluster beside its final place and moves it there when it is complete, so that one cut
/// short is begun anew.
pub(super) fn make_cluster(
    folder: &Path,
    home: &Path,
    password: &str,
    database: &str,
    durability: Durability,
) -> Result<()> {
    let (draft, password_file) = (home.join("data.draft"), home.join("password.draft"));
    if draft.exists() {
        fs::remove_dir_all(&draft)
            .with_context(|| format!("cannot remove the unfinished {}", draft.display()))?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&password_file)
        .and_then(|mut file| writeln!(file, "{password}"))
        .with_context(|| format!("cannot write {}", password_file.display()))?;
    if runs_as_root() && !has_user_namespaces() {
        for path in [home, &password_file] {
            chown(path, Some(NOBODY), Some(NOBODY))
                .with_context(|| format!("cannot hand {} to nobody", path.display()))?;
        }
    }
    let mut initdb = Command::new(folder.join("initdb"));
    initdb.arg("-D").arg(&draft).arg("--pwfile").arg(&password_file).args(["--username", OWNER]);
    initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
    if durability == Durability::Process {
        initdb.arg("--no-sync");
    }
    let made = run("initdb", initdb, "");
    fs::remove_file(&password_file)
        .with_context(|| format!("cannot remove {}", password_file.display()))?;
    made?;
    let mut single = Command::new(folder.join("postgres"));
    single.arg("--single").arg("-D").arg(&draft).arg("postgres");
    run("postgres --single", single, &format!("CREATE DATABASE {database};\n"))?;
    fs::rename(&draft, home.join("data"))
        .with_context(|| format!("cannot move {} to its place", draft.display()))
}

fn run(name: &str, command: Command, input: &str) -> Result<()> {
    let mut child = as_unprivileged(dying_with_us(command, "KILL"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).with_context(|| format!("cannot talk to {name}"))?;
    }
    let output = child.wait_with_output().with_context(|| format!("cannot wait for {name}"))?;
    if !output.status.success() {
        let hint = if runs_as_root() && !has_user_namespaces() {
            "\nPostgres runs as nobody here, for want of user namespaces: take a directory that nobody can reach, not one under /root"
        } else {
            ""
        };
        bail!(
            "cannot make the Postgres cluster: {name} said:\n{}{hint}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// Postgres refuses to run as root. In a user namespace root appears to it as nobody and the files
/// stay ours; where there are no namespaces it really becomes nobody, who must then be able to
/// reach the plane's directory.
pub(super) fn as_unprivileged(mut command: Command) -> Command {
    if !runs_as_root() {
        command
    } else if has_user_namespaces() {
        wrapped(&NAMESPACE, command)
    } else {
        command.uid(NOBODY).gid(NOBODY);
        command
    }
}

const NAMESPACE: [&str; 4] = ["unshare", "--user", "--map-user=65534", "--map-group=65534"];

fn has_user_namespaces() -> bool {
    let mut probe = wrapped(&NAMESPACE, Command::new("true"));
    probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn runs_as_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
