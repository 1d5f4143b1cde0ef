//! Where the checkout and its own folders are.

use std::path::PathBuf;

/// The root of the repository. `cargo run` says where this crate is; a program started by hand uses
/// where it was built.
pub(crate) fn root() -> PathBuf {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut root = PathBuf::from(package);
    root.pop();
    root
}

/// Where servers are installed when the machine has none; may be shared between checkouts by the
/// variable.
pub(crate) fn tools() -> PathBuf {
    path_in("HELMSTREAM_TOOLS").unwrap_or_else(|| root().join(".tools"))
}

/// The plane's own data when it runs from the checkout.
pub(crate) fn plane() -> PathBuf {
    root().join(".helmstream")
}

/// A path an operator gave in the environment, absolute, because what we start may run elsewhere.
/// Empty means not given.
pub(crate) fn path_in(variable: &str) -> Option<PathBuf> {
    let given = std::env::var_os(variable).filter(|value| !value.is_empty())?;
    Some(std::path::absolute(&given).unwrap_or_else(|_| given.into()))
}
