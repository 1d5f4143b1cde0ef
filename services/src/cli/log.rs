//! What is logged to stderr: much while services run, only what is wrong while a person asks. A
//! progress bar that stands on the terminal steps aside for it. For machines each line is an object
//! that can be read alone.

mod lines;

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use indicatif::ProgressBar;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt,
    util::SubscriberInitExt,
};

use self::lines::Lines;
use super::page::Ink;
use crate::traces::SPAN;

/// Environment variable with what is logged.
const VARIABLE: &str = "HELMSTREAM_LOG";

/// In which form the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// What the program was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Serving,
    Asking,
    LookingOver,
}

/// The bar that stands on the terminal, if one does.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Begins to log. Services are read later and by machines, so they have times; questions have a
/// person before them.
pub(super) fn begin(purpose: Purpose, format: LogFormat) {
    let default = match purpose {
        Purpose::Serving => "info,async_nats=warn",
        Purpose::Asking => "warn,async_nats=error,helmstream_services::client=info",
        // What it meets is what it tells.
        Purpose::LookingOver => "off",
    };
    let filter = std::env::var(VARIABLE)
        .ok()
        .filter(|wanted| !wanted.is_empty())
        .and_then(|wanted| EnvFilter::try_new(wanted).ok())
        .unwrap_or_else(|| EnvFilter::new(default));
    // Fails only where something else logs already, and then that does.
    let _ = match format {
        LogFormat::Json => {
            // Whatever is chosen, each line says whose it is.
            let filter = match format!("{SPAN}=error").parse() {
                Ok(named) => filter.add_directive(named),
                Err(_) => filter,
            };
            Registry::default().with(Lines.with_filter(filter)).try_init()
        }
        LogFormat::Text => Registry::default()
            .with(for_people(purpose == Purpose::Serving).with_filter(filter))
            .try_init(),
    };
}

/// Spans are for machines: a person who reads a log in order knows whose a line is.
fn for_people<S>(serves: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(Ink::of(io::stderr().is_terminal()).is_coloured())
        .with_writer(Aside);
    let events = filter_fn(|metadata| metadata.is_event());
    match serves {
        true => layer.with_filter(events).boxed(),
        false => layer.without_time().with_target(false).with_filter(events).boxed(),
    }
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
