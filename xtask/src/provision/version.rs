//! Asks a program for its version and reads the answer.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// As far as we compare: `2.14`, `15.18`; a PostgreSQL beta counts as its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

impl Version {
    /// Finds the version in what a program prints, such as `nats-server: v2.15.1` or `postgres
    /// (PostgreSQL) 15.18 (Debian …)`: the first word that is a number, with or without a `v`
    /// before it.
    pub(crate) fn find_in(printed: &str) -> Option<Version> {
        printed
            .split_whitespace()
            .find_map(|word| Version::parse(word.strip_prefix('v').unwrap_or(word)))
    }

    /// Reads leading numbers and ignores the rest: `18beta1` is 18.0, `2.14.0-RC.1` is 2.14.
    pub(crate) fn parse(text: &str) -> Option<Version> {
        let (major, rest) = leading_number(text)?;
        let minor = rest.strip_prefix('.').and_then(leading_number).map_or(0, |(minor, _)| minor);
        Some(Version { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "{}", self.major),
            minor => write!(f, "{}.{minor}", self.major),
        }
    }
}

/// Why a program gave no version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoVersion {
    Absent,
    /// It is there and did not start, or failed, or said something else. Holds its words.
    Unwilling(String),
}

/// Runs `program --version`.
pub(crate) fn ask(program: &Path) -> Result<Version, NoVersion> {
    let output = match Command::new(program).arg("--version").stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !program.exists() => {
            return Err(NoVersion::Absent);
        }
        Err(error) => return Err(NoVersion::Unwilling(error.to_string())),
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    match Version::find_in(&printed) {
        Some(version) if output.status.success() => Ok(version),
        _ => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let words = complaint.lines().chain(printed.lines()).next().unwrap_or("no output");
            Err(NoVersion::Unwilling(format!("{}: {words}", output.status)))
        }
    }
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_the_programs_really_print() {
        let cases = [
            ("nats-server: v2.15.1\n", 2, 15),
            ("nats-server: v2.14.0-RC.1\n", 2, 14),
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15, 18),
            ("initdb (PostgreSQL) 18.6\n", 18, 6),
            ("postgres (PostgreSQL) 18beta1\n", 18, 0),
            ("postgres (PostgreSQL) 16devel\n", 16, 0),
        ];
        for (printed, major, minor) in cases {
            assert_eq!(Version::find_in(printed), Some(Version { major, minor }), "{printed}");
        }
        assert_eq!(Version::find_in("command not found"), None);
        assert_eq!(Version::find_in("v"), None);
        assert_eq!(Version::find_in("99999999999999.1"), None);
    }

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("2.9.10") < version("2.14.0"));
        assert!(version("14.22") < version("15"));
    }

    #[test]
    fn a_program_that_is_not_there_is_absent_and_one_that_does_not_start_is_unwilling() {
        assert_eq!(ask(Path::new("/nowhere/postgres")), Err(NoVersion::Absent));
        assert!(
            matches!(ask(Path::new("/")), Err(NoVersion::Unwilling(_))),
            "a folder cannot be run"
        );
    }
}
