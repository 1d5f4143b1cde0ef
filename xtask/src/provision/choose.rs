//! Which of several candidates is taken: the first whose programs all run, agree, and are new
//! enough.
//!
//! Pure: what a program answers comes in as a function, so that the choice is tested without one.

use std::fmt;
use std::path::{Path, PathBuf};

use super::server::Server;
use super::version::{NoVersion, Version};

/// The programs of one server in one folder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) programs: Vec<PathBuf>,
    pub(crate) source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    Override,
    Path,
    Usual,
    Tools,
}

/// Why a candidate was passed over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unusable {
    Absent(PathBuf),
    Unwilling(PathBuf, String),
    TooOld {
        found: Version,
        minimum: Version,
    },
    /// `postgres` of one version beside `initdb` of another.
    Mixed(Version, Version),
}

pub(crate) struct Choice {
    pub(crate) found: Option<(Candidate, Version)>,
    pub(crate) passed_over: Vec<(PathBuf, Unusable)>,
}

type Ask = fn(&Path) -> Result<Version, NoVersion>;

impl Candidate {
    pub(crate) fn in_folder(server: &Server, folder: &Path, source: Source) -> Candidate {
        Candidate {
            programs: server.programs.iter().map(|program| folder.join(program)).collect(),
            source,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.programs[0].parent().unwrap_or(Path::new("/"))
    }
}

/// Takes the first that serves. A folder without the server is nothing to speak of; one with a bad
/// server is passed over aloud.
pub(crate) fn choose(candidates: Vec<Candidate>, minimum: Version, ask: Ask) -> Choice {
    let mut passed_over = Vec::new();
    for candidate in candidates {
        match examine(&candidate, minimum, ask) {
            Ok(version) => return Choice { found: Some((candidate, version)), passed_over },
            Err(Unusable::Absent(program)) if program == candidate.programs[0] => {}
            Err(unusable) => passed_over.push((candidate.programs[0].clone(), unusable)),
        }
    }
    Choice { found: None, passed_over }
}

pub(crate) fn examine(
    candidate: &Candidate,
    minimum: Version,
    ask: Ask,
) -> Result<Version, Unusable> {
    let mut versions = Vec::new();
    for program in &candidate.programs {
        versions.push(ask(program).map_err(|no_version| match no_version {
            NoVersion::Absent => Unusable::Absent(program.clone()),
            NoVersion::Unwilling(words) => Unusable::Unwilling(program.clone(), words),
        })?);
    }
    let found = versions[0];
    match versions.into_iter().find(|other| *other != found) {
        Some(other) => Err(Unusable::Mixed(found, other)),
        None if found < minimum => Err(Unusable::TooOld { found, minimum }),
        None => Ok(found),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Override => "as the environment says",
            Source::Path => "on the PATH",
            Source::Usual => "in a usual place",
            Source::Tools => "installed by xtask",
        })
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Absent(program) => write!(f, "there is no {}", program.display()),
            Unusable::Unwilling(program, words) => {
                write!(f, "`{} --version` does not answer: {words}", program.display())
            }
            Unusable::TooOld { found, minimum } => write!(f, "{found} is older than {minimum}"),
            Unusable::Mixed(one, other) => {
                write!(f, "its programs are of different versions, {one} and {other}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::server::{NATS, POSTGRES};
    use super::*;

    /// A machine told by its folders' names: `/old` holds a server too old, and so on.
    fn ask(program: &Path) -> Result<Version, NoVersion> {
        let is_initdb = program.ends_with("initdb");
        let folder = program.parent().unwrap().to_str().unwrap();
        match folder {
            "/old" => Ok(Version { major: 2, minor: 9 }),
            "/new" => Ok(Version { major: 18, minor: 6 }),
            "/newer" => Ok(Version { major: 19, minor: 0 }),
            "/broken" => Err(NoVersion::Unwilling("exec format error".into())),
            "/half" if !is_initdb => Ok(Version { major: 18, minor: 6 }),
            "/mixed" => Ok(Version { major: if is_initdb { 15 } else { 18 }, minor: 0 }),
            _ => Err(NoVersion::Absent),
        }
    }

    fn chosen(server: &Server, folders: &[&str]) -> (Option<String>, Vec<String>) {
        let candidates = folders
            .iter()
            .map(|folder| Candidate::in_folder(server, Path::new(folder), Source::Path))
            .collect();
        let choice = choose(candidates, server.minimum, ask);
        let found = choice.found.map(|(candidate, _)| candidate.folder().display().to_string());
        (
            found,
            choice
                .passed_over
                .iter()
                .map(|(path, why)| format!("{}: {why}", path.display()))
                .collect(),
        )
    }

    #[test]
    fn the_first_that_is_new_enough_is_taken_even_when_a_newer_one_follows() {
        assert_eq!(chosen(&NATS, &["/empty", "/new", "/newer"]), (Some("/new".into()), vec![]));
    }

    #[test]
    fn one_too_old_is_passed_over_and_said() {
        let (found, passed_over) = chosen(&NATS, &["/old", "/new"]);
        assert_eq!(found.as_deref(), Some("/new"));
        assert_eq!(passed_over, ["/old/nats-server: 2.9 is older than 2.14"]);
    }

    #[test]
    fn postgres_without_a_fitting_initdb_beside_it_is_passed_over_and_said() {
        let (found, passed_over) = chosen(&POSTGRES, &["/half", "/mixed", "/broken", "/new"]);
        assert_eq!(found.as_deref(), Some("/new"));
        assert_eq!(
            passed_over,
            [
                "/half/postgres: there is no /half/initdb",
                "/mixed/postgres: its programs are of different versions, 18 and 15",
                "/broken/postgres: `/broken/postgres --version` does not answer: exec format error",
            ]
        );
    }

    #[test]
    fn where_there_is_none_nothing_is_found_and_nothing_is_said() {
        assert_eq!(chosen(&NATS, &["/empty", "/nowhere"]), (None, vec![]));
        assert_eq!(chosen(&NATS, &[]), (None, vec![]));
    }
}
