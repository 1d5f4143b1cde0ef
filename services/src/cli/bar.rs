//! The progress bar, shared by whatever takes long. What is told meanwhile it steps aside for.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::log;

/// The progress bar: on a terminal, and only there.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Towards an end where that is known, otherwise only what was done.
    pub(super) fn new(end: Option<u64>) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(end, target);
        let template = match end {
            Some(_) => "{bar:30} {percent:>3}%  {msg}  {elapsed}",
            None => "{spinner}  {msg}  {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(200));
            log::step_aside(Some(bar.clone()));
        }
        Self(bar)
    }

    /// The end came nearer or went further away.
    pub(super) fn towards(&self, done: u64, end: u64) {
        if self.0.length().is_some() {
            self.0.set_length(end.max(done));
        }
    }

    pub(super) fn advance(&self, position: u64, message: String) {
        self.0.set_position(position);
        self.0.set_message(message);
    }

    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    pub(super) fn clear(&self) {
        log::step_aside(None);
        self.0.finish_and_clear();
    }
}
