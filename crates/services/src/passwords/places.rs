//! [`Places`]: how many passwords may wait, of all clients and of one.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The places of the passwords that are being hashed or wait.
pub(super) struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_client: HashMap<u64, usize>,
}

/// A place, until it is dropped.
pub(super) struct Place<'a> {
    places: &'a Places,
    client: u64,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Mutex::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a client; none if too many wait. One client has at most as many places as are free, so that there is
    /// always room for another.
    pub(super) fn take(&self, client: u64) -> Option<Place<'_>> {
        let mut taken = self.taken();
        let free = self.most - taken.all;
        let own = taken.by_client.get(&client).copied().unwrap_or_default();
        if own >= free {
            return None;
        }
        taken.all += 1;
        taken.by_client.insert(client, own + 1);
        Some(Place { places: self, client })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(own) = taken.by_client.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                taken.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_leaves_room_for_others() {
        let places = Places::new(8);
        let flood: Vec<_> = std::iter::from_fn(|| places.take(1)).collect();
        assert_eq!(flood.len(), 4);
        let other: Vec<_> = std::iter::from_fn(|| places.take(2)).collect();
        let third: Vec<_> = std::iter::from_fn(|| places.take(3)).collect();
        assert_eq!((other.len(), third.len()), (2, 1));
        drop((flood, other, third));
        assert!(places.taken().all == 0 && places.taken().by_client.is_empty());
    }
}
