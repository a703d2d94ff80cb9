//! The sessions that were heard, and from which socket each is sent on; of too many, those that were silent for longest are forgotten.

use std::collections::HashMap;

use crate::datagram::Endpoint;
use crate::recency::Recency;

/// Sessions with the numbers of their sockets.
#[derive(Debug)]
pub(super) struct Sessions {
    most: usize,
    slots: HashMap<Endpoint, usize>,
    /// Who has a slot, and the socket.
    list: Vec<(Endpoint, usize)>,
    free: Option<usize>,
    recency: Recency,
}

impl Sessions {
    /// Remembers so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, slots: HashMap::new(), list: Vec::new(), free: None, recency: Recency::new(most) }
    }

    /// The socket of a session that sends again; to be sent on more than once is what forged ones seldom are.
    pub(super) fn hear(&mut self, exporter: Endpoint) -> Option<usize> {
        let slot = *self.slots.get(&exporter)?;
        self.recency.hear(slot, true);
        self.list.get(slot).map(|(_, socket)| *socket)
    }

    /// Makes room for one more; gives the socket of the session that is forgotten for it.
    pub(super) fn make_room(&mut self) -> Option<usize> {
        if self.list.len() < self.most || self.free.is_some() {
            return None;
        }
        let slot = self.recency.most_silent(None)?;
        let (exporter, socket) = *self.list.get(slot)?;
        self.recency.forget(slot);
        self.slots.remove(&exporter);
        self.free = Some(slot);
        Some(socket)
    }

    /// Takes a new one in, and gives its socket back.
    pub(super) fn add(&mut self, exporter: Endpoint, socket: usize) -> usize {
        let slot = self.free.take().unwrap_or(self.list.len());
        match self.list.get_mut(slot) {
            Some(place) => *place = (exporter, socket),
            None => self.list.push((exporter, socket)),
        }
        self.slots.insert(exporter, slot);
        self.recency.hear(slot, false);
        socket
    }
}
