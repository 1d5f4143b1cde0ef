//! How long nothing came: a number that should grow all the time is looked at often, and the longest
//! time in which it did not is remembered.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// How often it is looked at, which is also how exact the answer is.
const LOOK: Duration = Duration::from_millis(5);

/// Watches a number until it is dropped.
pub struct Silence {
    state: Arc<Mutex<State>>,
    watching: JoinHandle<()>,
}

struct State {
    grew_at: Instant,
    longest: Duration,
}

impl Silence {
    /// Begins to look at what `number` gives.
    pub fn watch(number: impl Fn() -> u64 + Send + 'static) -> Self {
        let state =
            Arc::new(Mutex::new(State { grew_at: Instant::now(), longest: Duration::ZERO }));
        let seen = state.clone();
        let watching = tokio::spawn(async move {
            let mut last = number();
            loop {
                sleep(LOOK).await;
                let now = number();
                let mut state = seen.lock().expect("nobody panics with it");
                state.longest = state.longest.max(state.grew_at.elapsed());
                if now != last {
                    (last, state.grew_at) = (now, Instant::now());
                }
            }
        });
        Self { state, watching }
    }

    /// Forgets what was before, for the next to be measured.
    pub fn begin(&self) {
        let mut state = self.state.lock().expect("nobody panics with it");
        (state.grew_at, state.longest) = (Instant::now(), Duration::ZERO);
    }

    /// The longest since then.
    pub fn longest(&self) -> Duration {
        self.state.lock().expect("nobody panics with it").longest
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
