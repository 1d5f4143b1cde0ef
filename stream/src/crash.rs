//! Named points at which a test may stop the process dead, to see that nothing depends on what
//! comes next. Compiled to nothing unless the feature `crash-points` is on, and always in a release.

/// Stops the process here if `HELMSTREAM_CRASH_AT` is `<point>` or `<point>:<n>` and this is the
/// n-th time the point is passed. `HELMSTREAM_CRASH_LOG` names a file that is told before.
#[cfg(all(feature = "crash-points", debug_assertions))]
pub fn point(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };
    static WANTED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let wanted = std::env::var("HELMSTREAM_CRASH_AT").ok()?;
        let (name, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        Some((name.to_owned(), count.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let Some((wanted, count)) = &*WANTED else { return };
    if wanted == name && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        if let Ok(path) = std::env::var("HELMSTREAM_CRASH_LOG") {
            let _ = std::fs::write(path, name);
        }
        std::process::abort();
    }
}

#[cfg(not(all(feature = "crash-points", debug_assertions)))]
#[inline(always)]
pub fn point(_name: &str) {}
