//! How many files and sockets this process may have open, and the part of them that sockets for sending may take.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sockets for sending at most, over all destinations: beyond it a session of its own is worth less than what a socket costs.
const MOST_SOCKETS: usize = 900;
/// The share of the limit that they may take: files, receiving sockets and whoever asks for metrics need the rest.
const SHARE: usize = 4;
/// What systems allow by default, where they don't tell.
const USUAL: usize = 1_024;

/// Lets this process open as many files as it may (RLIMIT_NOFILE, the soft limit up to the hard one); gives how many that are now. To be
/// called before anything is sent: what sockets may take is settled with the first.
pub fn raise_open_files() -> usize {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
            && soft < hard
        {
            // The limit that was stays, and is read below.
            let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        }
    }
    limit()
}

fn limit() -> usize {
    #[cfg(unix)]
    return nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .map_or(USUAL, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX));
    #[cfg(not(unix))]
    return USUAL;
}

/// How many sockets for sending there may be.
#[derive(Debug)]
pub(super) struct SocketBudget {
    most: usize,
    taken: AtomicUsize,
}

/// Room for one; given back when it is dropped.
#[derive(Debug)]
pub(super) struct SocketShare(Arc<SocketBudget>);

impl SocketBudget {
    /// That of the process, which all destinations share.
    pub(super) fn of_process() -> Arc<Self> {
        static BUDGET: OnceLock<Arc<SocketBudget>> = OnceLock::new();
        Arc::clone(BUDGET.get_or_init(|| Self::new((limit() / SHARE).min(MOST_SOCKETS))))
    }

    /// For so many.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0) })
    }

    /// Room for one more, if there is.
    pub(super) fn take(self: &Arc<Self>) -> Option<SocketShare> {
        let more = |taken| (taken < self.most).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(SocketShare(Arc::clone(self)))
    }
}

impl Drop for SocketShare {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back() {
        let budget = SocketBudget::new(2);
        let (first, second) = (budget.take(), budget.take());
        assert!(first.is_some() && second.is_some() && budget.take().is_none());
        drop(first);
        assert!(budget.take().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_soft_limit_reaches_the_hard_one() {
        use nix::sys::resource::{Resource, getrlimit};
        let raised = raise_open_files();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!((soft, raised as u64), (hard, hard));
    }
}
