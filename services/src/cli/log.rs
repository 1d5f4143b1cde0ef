//! What is logged to stderr: much while services run, only what is wrong while a person asks. A
//! progress bar that stands on the terminal steps aside for it.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use indicatif::ProgressBar;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use super::page::Ink;

/// Environment variable with what is logged.
const VARIABLE: &str = "HELMSTREAM_LOG";

/// The bar that stands on the terminal, if one does.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Begins to log. Services are read later and by machines, so they have times; questions have a
/// person before them.
pub(super) fn begin(serves: bool) {
    let default = if serves {
        "info,async_nats=warn"
    } else {
        "warn,async_nats=error,helmstream_services::client=info"
    };
    let filter = std::env::var(VARIABLE)
        .ok()
        .filter(|wanted| !wanted.is_empty())
        .and_then(|wanted| EnvFilter::try_new(wanted).ok())
        .unwrap_or_else(|| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(Ink::of(io::stderr().is_terminal()).is_coloured())
        .with_writer(Aside);
    // Fails only where something else logs already, and then that does.
    let _ = if serves {
        builder.try_init()
    } else {
        builder.without_time().with_target(false).try_init()
    };
}

/// Names the bar that steps aside, or that there is none any more.
pub(super) fn step_aside(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

struct Aside;

impl<'a> MakeWriter<'a> for Aside {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(|| io::stderr().write_all(bytes))?,
            None => io::stderr().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
