//! Who asks over HTTP is answered on a thread of the connection, so that one who does not read keeps nobody else waiting.
//!
//! A write to a connection whose other end does not read lasts for ever, and the server's library has no time limit for it. So connections
//! that are being answered are few; requests of others are left without an answer until one of them is done. There is more room for short
//! answers than for long ones: whether a run is healthy can be asked while all others are stuck.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tiny_http::Request;

/// Connections at a time beyond which no long answer is begun.
const MOST_LONG: usize = 8;
/// And no short one.
const MOST: usize = 16;
/// Requests of one connection that wait for the answer to the one before (pipelining); further ones get none.
const MOST_WAITING: usize = 8;

/// Connections that are being answered, with the requests that each has sent since.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Connections>>);

type Connections = HashMap<Option<SocketAddr>, VecDeque<Request>>;

impl Answers {
    /// Answers a request, at once or after those before it on its connection. Never waits.
    pub(super) fn give(&self, request: Request, long: bool, respond: impl Fn(Request) + Send + 'static) {
        let peer = request.remote_addr().copied();
        let mut connections = self.lock();
        let full = connections.len() >= if long { MOST_LONG } else { MOST };
        match connections.get_mut(&peer) {
            Some(waiting) if waiting.len() < MOST_WAITING => waiting.push_back(request),
            None if !full => {
                connections.insert(peer, VecDeque::new());
                drop(connections);
                let turn = Turn { peer, answers: self.clone(), over: false };
                // Without a thread there is no answer.
                let _ = thread::Builder::new().name("answer".into()).spawn(move || turn.answer(request, &respond));
            }
            // A writer that is dropped writes nothing, so it can't wait either.
            _ => drop(request.into_writer()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is being answered, until it is dropped.
struct Turn {
    peer: Option<SocketAddr>,
    answers: Answers,
    /// True once nothing waits on it any more.
    over: bool,
}

impl Turn {
    fn answer(mut self, first: Request, respond: &dyn Fn(Request)) {
        let mut next = Some(first);
        while let Some(request) = next {
            respond(request);
            let answers = self.answers.clone();
            let mut connections = answers.lock();
            next = connections.get_mut(&self.peer).and_then(VecDeque::pop_front);
            if next.is_none() {
                // Under the same lock: what comes from now on begins a turn of its own.
                connections.remove(&self.peer);
                self.over = true;
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // There was no thread, or it broke.
        if !self.over {
            let left = self.answers.lock().remove(&self.peer);
            left.into_iter().flatten().for_each(|request| drop(request.into_writer()));
        }
    }
}
