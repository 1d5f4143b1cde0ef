//! Finds the plane that is meant: the one that was named, or the nearest one from here upwards. It
//! makes none.

use std::path::{Path, PathBuf};

use crate::{
    client::{Code, Failure},
    local::plane::{DIRECTORY, Plane},
};

/// The directory of the plane that is meant.
pub(super) fn directory(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let here = std::env::current_dir()
        .map_err(|error| no_plane("the working directory", &error.to_string()))?;
    found_above(&here).ok_or_else(|| {
        no_plane(
            &here.display().to_string(),
            &format!("there is no {DIRECTORY} in it, nor in any folder above"),
        )
    })
}

/// The plane that is meant, open.
pub(super) fn open(named: Option<&Path>) -> Result<Plane, Failure> {
    let directory = directory(named)?;
    Plane::open(&directory).map_err(|error| match error.downcast_ref::<Failure>() {
        Some(failure) => failure.clone(),
        None => no_plane(&directory.display().to_string(), &error.root_cause().to_string()),
    })
}

fn found_above(here: &Path) -> Option<PathBuf> {
    here.ancestors()
        .map(|folder| folder.join(DIRECTORY))
        .find(|plane| plane.join("plane.json").is_file())
}

fn no_plane(place: &str, detail: &str) -> Failure {
    let hint = "`helmstream up` runs a plane in this folder; --plane DIR or HELMSTREAM_PLANE names another one";
    Failure::new(Code::NoPlane, format!("no plane was found at {place}"), detail, hint)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_plane_from_here_upwards_is_meant() {
        let root = std::env::temp_dir().join(format!("helmstream-place-{}", std::process::id()));
        let deep = root.join("a/b/c");
        fs::create_dir_all(&deep).unwrap();
        for folder in [&root, &root.join("a/b")] {
            fs::create_dir_all(folder.join(DIRECTORY)).unwrap();
        }
        fs::write(root.join(DIRECTORY).join("plane.json"), "{}").unwrap();
        assert_eq!(
            found_above(&deep),
            Some(root.join(DIRECTORY)),
            "a folder without a plane in it is passed over"
        );
        fs::write(root.join("a/b").join(DIRECTORY).join("plane.json"), "{}").unwrap();
        assert_eq!(found_above(&deep), Some(root.join("a/b").join(DIRECTORY)));
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_plane_that_is_not_there_is_told_with_what_to_do() {
        let failure = open(Some(Path::new("/nowhere/at/all"))).unwrap_err();
        assert_eq!(failure.code, Code::NoPlane);
        assert!(failure.hint.contains("helmstream up"));
    }
}
