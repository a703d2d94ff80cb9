//! Which of many was silent for longest, known at once: what is full lets that one go.
//!
//! Whoever forges senders invents one after the other, and each is heard once or twice; those that are real are heard again and again. So
//! there are two lists, each from the silent to those just heard: of those on trial, and of those that have proven themselves. One on trial
//! goes first. The proven take three quarters of the room at most, beyond it the most silent of them are on trial again: somebody new is
//! never the only one that can be let go.

/// No slot.
const NONE: u32 = u32::MAX;

/// Slots, numbered by whoever owns what is in them, in the order in which they were last heard.
#[derive(Clone, Debug)]
pub struct Recency {
    places: Vec<Place>,
    trial: Ends,
    proven: Ends,
    most_proven: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    before: u32,
    after: u32,
    list: Option<List>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Trial,
    Proven,
}

/// A list's two ends.
#[derive(Clone, Copy, Debug)]
struct Ends {
    silent: u32,
    heard: u32,
    length: usize,
}

const EMPTY: Ends = Ends { silent: NONE, heard: NONE, length: 0 };

impl Recency {
    /// For so many slots.
    pub fn new(room: usize) -> Self {
        Self { places: Vec::new(), trial: EMPTY, proven: EMPTY, most_proven: room / 4 * 3 }
    }

    /// A slot is heard; `proven` once it has shown that it is no invention, which holds from then on.
    pub fn hear(&mut self, slot: usize, proven: bool) {
        let Ok(number) = u32::try_from(slot) else { return };
        if self.places.len() <= slot {
            self.places.resize(slot + 1, Place { before: NONE, after: NONE, list: None });
        }
        let was = self.places.get(slot).and_then(|p| p.list);
        let list = if proven || was == Some(List::Proven) { List::Proven } else { List::Trial };
        if was == Some(list) && self.ends(list).heard == number {
            return;
        }
        self.forget(slot);
        self.append(number, list);
        if self.proven.length > self.most_proven {
            let silent = self.proven.silent;
            self.forget(silent as usize);
            self.append(silent, List::Trial);
        }
    }

    /// The slot to let go; one may be spared.
    pub fn most_silent(&self, but: Option<usize>) -> Option<usize> {
        let after = |slot: u32| self.places.get(slot as usize).map_or(NONE, |p| p.after);
        let ends = [self.trial.silent, self.proven.silent].into_iter().flat_map(|silent| [silent, after(silent)]);
        ends.filter(|slot| *slot != NONE).map(|slot| slot as usize).find(|slot| but != Some(*slot))
    }

    /// Takes a slot out: what was in it is gone.
    pub fn forget(&mut self, slot: usize) {
        let Some(place) = self.places.get_mut(slot) else { return };
        let Some(list) = place.list.take() else { return };
        let (before, after) = (place.before, place.after);
        if let Some(place) = self.places.get_mut(before as usize) {
            place.after = after;
        }
        if let Some(place) = self.places.get_mut(after as usize) {
            place.before = before;
        }
        let ends = self.ends(list);
        ends.length -= 1;
        if before == NONE {
            ends.silent = after;
        }
        if after == NONE {
            ends.heard = before;
        }
    }

    fn append(&mut self, slot: u32, list: List) {
        let ends = self.ends(list);
        let before = std::mem::replace(&mut ends.heard, slot);
        if before == NONE {
            ends.silent = slot;
        }
        ends.length += 1;
        if let Some(place) = self.places.get_mut(before as usize) {
            place.after = slot;
        }
        if let Some(place) = self.places.get_mut(slot as usize) {
            *place = Place { before, after: NONE, list: Some(list) };
        }
    }

    fn ends(&mut self, list: List) -> &mut Ends {
        match list {
            List::Trial => &mut self.trial,
            List::Proven => &mut self.proven,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets all go, in order.
    fn gone(mut recency: Recency) -> Vec<usize> {
        std::iter::from_fn(|| {
            let slot = recency.most_silent(None)?;
            recency.forget(slot);
            Some(slot)
        })
        .collect()
    }

    #[test]
    fn the_longest_silent_goes_first_and_the_proven_last() {
        let mut recency = Recency::new(8);
        for slot in [0, 1, 2, 3, 4, 1] {
            recency.hear(slot, false);
        }
        recency.hear(0, true);
        recency.hear(2, true);
        recency.hear(0, false);
        assert_eq!(gone(recency), [3, 4, 1, 2, 0]);
    }

    #[test]
    fn somebody_new_is_never_the_only_one_to_go() {
        let mut recency = Recency::new(4);
        for slot in 0..4 {
            recency.hear(slot, true);
        }
        // Three of four are proven at most.
        recency.forget(3);
        recency.hear(3, false);
        assert_eq!(gone(recency), [0, 3, 1, 2]);
    }

    #[test]
    fn forgetting_keeps_the_order_of_the_others() {
        let mut recency = Recency::new(100);
        (0..5).for_each(|slot| recency.hear(slot, false));
        for slot in [2, 0, 4, 4, 77] {
            recency.forget(slot);
        }
        recency.hear(2, false);
        assert_eq!(gone(recency), [1, 3, 2]);
        assert_eq!(Recency::new(4).most_silent(None), None);
    }

    #[test]
    fn one_may_be_spared() {
        let mut recency = Recency::new(8);
        recency.hear(0, true);
        recency.hear(1, false);
        assert_eq!((recency.most_silent(Some(1)), recency.most_silent(Some(0))), (Some(0), Some(1)));
        recency.hear(2, false);
        assert_eq!(recency.most_silent(Some(1)), Some(2));
    }
}
