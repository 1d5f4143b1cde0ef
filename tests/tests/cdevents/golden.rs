//! Compares a text with the one that is kept beside these tests. Set `HELMSTREAM_GOLDEN=write` to keep
//! the new one instead, and read what changed.

use std::{env, fs, path::Path};

pub(crate) fn same(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cdevents").join(name);
    if env::var("HELMSTREAM_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(&path, found).expect("the checkout can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    for (kept, found) in kept.lines().zip(found.lines()) {
        assert_eq!(kept, found, "{name}");
    }
    assert_eq!(kept.lines().count(), found.lines().count(), "{name}");
}
