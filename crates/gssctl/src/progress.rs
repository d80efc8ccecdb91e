//! What goes on during a long wait, shown on a terminal only.

use alloc::sync::Arc;
use core::time::Duration;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::{Mutex, PoisonError};

/// A line on standard error that says what is being waited for. There is none until something is said, and where
/// standard error is no terminal, nothing is ever shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Mutex<Option<ProgressBar>>>);

impl Progress {
    /// Says what is being waited for.
    pub(crate) fn say(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(line).set_message(text);
    }

    /// Takes the line away.
    fn clear(&self) {
        if let Some(line) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            line.finish_and_clear();
        }
    }
}

fn line() -> ProgressBar {
    const TICK: Duration = Duration::from_millis(120);
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is fixed, so it parses; the default style would do too.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        line.set_style(style);
    }
    line.enable_steady_tick(TICK);
    line
}

/// Takes the line away at the end of a scope.
#[derive(Debug)]
pub(crate) struct Shown<'p>(pub(crate) &'p Progress);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}
