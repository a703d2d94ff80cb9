//! The progress bar: octets read, on standard error, where that is a terminal and the work lasts longer than a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nothing is shown for work shorter than this.
const PATIENCE: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(100);

/// A bar that follows a counter until it is dropped.
pub(super) struct Progress {
    counter: Arc<AtomicU64>,
    follower: Option<(Arc<AtomicU64>, JoinHandle<()>)>,
}

impl Progress {
    /// Follows a new counter up to `total` octets; 0 for an unknown total.
    pub(super) fn start(shown: bool, total: u64) -> Self {
        let counter = Arc::new(AtomicU64::new(0));
        let follower = shown.then(|| {
            let ended = Arc::new(AtomicU64::new(0));
            let (seen, end) = (Arc::clone(&counter), Arc::clone(&ended));
            (ended, thread::spawn(move || follow(&seen, &end, total)))
        });
        Self { counter, follower }
    }

    /// The counter to count octets in.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.counter)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((ended, follower)) = self.follower.take() {
            ended.store(1, Ordering::Relaxed);
            follower.thread().unpark();
            let _ = follower.join();
        }
    }
}

fn follow(counter: &AtomicU64, ended: &AtomicU64, total: u64) {
    thread::park_timeout(PATIENCE);
    if ended.load(Ordering::Relaxed) != 0 {
        return;
    }
    let bar = if total > 0 { ProgressBar::new(total) } else { ProgressBar::no_length() };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    let template = if total > 0 { "{bar:30} {percent:>3}%, {elapsed} so far, {eta} left" } else { "{spinner} {bytes} {bytes_per_sec}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    while ended.load(Ordering::Relaxed) == 0 {
        bar.set_position(counter.load(Ordering::Relaxed));
        thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

/// Columns of the terminal on standard output.
pub(super) fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0))
}
