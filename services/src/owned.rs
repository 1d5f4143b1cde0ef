//! Files that hold secrets, and who may read them. One that a person names is its owner's alone. The
//! group may read what lies in the plane's own `secrets/`, and what systemd hands to a service: it lets in
//! the service's user by a list, which the mode shows as the group. Anybody else never may.

use std::{
    env,
    fs::File,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// Environment variable with the folder of what systemd hands to a service (`LoadCredential=`).
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// Mode bits by which others than the owner can do something with a file.
const OTHERS: u32 = 0o077;

/// The same, of others than the owner and its group.
const OUTSIDERS: u32 = 0o007;

/// Whether a file of this mode is open to others than its owner.
pub(crate) fn is_open(mode: u32) -> bool {
    mode & OTHERS != 0
}

/// Whether it is open to others than its owner and its group.
pub(crate) fn is_open_to_outsiders(mode: u32) -> bool {
    mode & OUTSIDERS != 0
}

/// Where systemd puts what it hands to this service, if it does.
pub(crate) fn credentials() -> Option<PathBuf> {
    env::var_os(CREDENTIALS_VARIABLE).map(PathBuf::from).filter(|folder| folder.is_absolute())
}

/// What a file holds that a person names, so many bytes of it at most; `what` it is, for the error.
pub(crate) fn read(what: &str, file: &Path, bytes_max: u64) -> Result<String> {
    read_beside(what, file, bytes_max, credentials().as_deref())
}

fn read_beside(
    what: &str,
    file: &Path,
    bytes_max: u64,
    credentials: Option<&Path>,
) -> Result<String> {
    let name = file.display();
    let cannot = || format!("cannot read {what} in {name}");
    let opened = File::open(file).with_context(cannot)?;
    let mode = opened.metadata().with_context(cannot)?.mode();
    let is_handed = credentials.is_some() && file.parent() == credentials;
    let is_refused = if is_handed { is_open_to_outsiders(mode) } else { is_open(mode) };
    ensure!(!is_refused, "{}: others can read it\n`chmod 600 {name}`", cannot());
    let mut bytes = Vec::new();
    opened.take(bytes_max + 1).read_to_end(&mut bytes).with_context(cannot)?;
    ensure!(
        bytes.len() as u64 <= bytes_max,
        "{}: it is longer than {bytes_max} bytes\nis it the file that is meant?",
        cannot()
    );
    String::from_utf8(bytes).ok().with_context(|| format!("{}: it is no text", cannot()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    const BYTES_MAX: u64 = 8;

    /// A file in a folder of its own.
    fn file(text: &[u8], mode: u32) -> PathBuf {
        let folder = env::temp_dir().join(format!("helmstream-owned-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let file = folder.join("secret");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    fn read(file: &Path, credentials: Option<&Path>) -> Result<String, String> {
        let read = read_beside("the secret", file, BYTES_MAX, credentials);
        read.map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_group_may_read_what_systemd_hands_to_a_service_and_no_file_that_a_person_names() {
        for (mode, named, handed) in
            [(0o600, true, true), (0o440, false, true), (0o444, false, false)]
        {
            let file = file(b"s3cret", mode);
            let folder = file.parent().unwrap();
            assert_eq!(read(&file, None).is_ok(), named, "{mode:o}");
            assert_eq!(read(&file, folder.parent()).is_ok(), named, "{mode:o}, in a folder below");
            assert_eq!(read(&file, Some(folder)).is_ok(), handed, "{mode:o}");
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn what_is_longer_than_its_bound_is_refused_by_the_bound_and_never_cut() {
        for (text, refused) in [
            (&b"12345678"[..], None),
            (b"123456789", Some("longer than 8 bytes")),
            ("1234567é9".as_bytes(), Some("longer than 8 bytes")),
            (b"\xff", Some("no text")),
        ] {
            let file = file(text, 0o600);
            let read = read(&file, None);
            match refused {
                None => assert_eq!(read.unwrap().as_bytes(), text),
                Some(why) => assert!(read.as_ref().unwrap_err().contains(why), "{read:?}"),
            }
            fs::remove_dir_all(file.parent().unwrap()).unwrap();
        }
    }
}
