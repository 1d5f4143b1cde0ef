//! Where a server may be on this machine: the override, the PATH, the usual places, in that order.

use std::path::{Path, PathBuf};

use super::choose::{Candidate, Source};
use super::server::{OverridesWith, Place, Server};
use super::version::Version;

pub(crate) fn overridden(server: &Server, path: &Path) -> Candidate {
    match server.overrides_with {
        OverridesWith::Program => {
            Candidate { programs: vec![path.to_path_buf()], source: Source::Override }
        }
        OverridesWith::Folder => Candidate::in_folder(server, path, Source::Override),
    }
}

/// Every folder once, in the order of preference, whether or not anything is in it.
pub(crate) fn on_this_machine(server: &Server) -> Vec<Candidate> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| (folder, Source::Path));
    let usual = server.usual.iter().flat_map(folders_of).map(|folder| (folder, Source::Usual));

    let mut candidates: Vec<Candidate> = Vec::new();
    for (folder, source) in on_path.chain(usual).filter(|(folder, _)| folder.is_absolute()) {
        for folder in behind_links(server, folder) {
            let candidate = Candidate::in_folder(server, &folder, source);
            if candidates.iter().all(|known| known.programs != candidate.programs) {
                candidates.push(candidate);
            }
        }
    }
    candidates
}

/// `/usr/local/bin/postgres` is often a link into the folder where all of PostgreSQL's programs
/// are, and the linked-to folder is the better one to run from; but a folder of links or wrappers
/// may be complete in itself, so both are candidates.
fn behind_links(server: &Server, folder: PathBuf) -> Vec<PathBuf> {
    match folder
        .join(server.programs[0])
        .canonicalize()
        .ok()
        .and_then(|real| real.parent().map(Path::to_path_buf))
    {
        Some(real) if real != folder => vec![real, folder],
        _ => vec![folder],
    }
}

fn folders_of(place: &Place) -> Vec<PathBuf> {
    match *place {
        Place::Folder(folder) => vec![folder.into()],
        Place::UnderHome(folder) => {
            std::env::home_dir().map(|home| home.join(folder)).into_iter().collect()
        }
        Place::Versions { parent, prefix, bin } => {
            let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
            newest_first(names, prefix)
                .into_iter()
                .map(|name| Path::new(parent).join(name).join(bin))
                .collect()
        }
    }
}

fn newest_first(names: Vec<String>, prefix: &str) -> Vec<String> {
    let mut versions: Vec<(Version, String)> = names
        .into_iter()
        .filter_map(|name| Some((Version::parse(name.strip_prefix(prefix)?)?, name)))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::server::POSTGRES;
    use super::*;

    #[test]
    fn folders_named_by_version_come_newest_first_and_others_are_left_out() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(newest_first(names(&["9.6", "15", "18", "current"]), ""), ["18", "15", "9.6"]);
        assert_eq!(
            newest_first(names(&["pgsql-9", "pgsql-17", "bin", "lib"]), "pgsql-"),
            ["pgsql-17", "pgsql-9"]
        );
    }

    #[test]
    fn a_linked_program_is_tried_where_it_really_is_before_where_it_is_linked() {
        let scratch = std::env::temp_dir().join(format!("xtask-links-{}", std::process::id()));
        let (real, links) = (scratch.join("real"), scratch.join("links"));
        std::fs::create_dir_all(&real).unwrap();
        std::fs::create_dir_all(&links).unwrap();
        std::fs::write(real.join("postgres"), "").unwrap();
        std::os::unix::fs::symlink(real.join("postgres"), links.join("postgres")).unwrap();
        let real = real.canonicalize().unwrap();

        assert_eq!(behind_links(&POSTGRES, links.clone()), [real.clone(), links]);
        assert_eq!(behind_links(&POSTGRES, real.clone()), [real]);
        assert_eq!(behind_links(&POSTGRES, "/nowhere".into()), [PathBuf::from("/nowhere")]);
        std::fs::remove_dir_all(scratch).unwrap();
    }
}
