//! What steps keep between requests, by type: rates, cached answers, sessions.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of each type, made when it is first asked for. It belongs to a [`Host`](crate::Host), so a reload keeps
/// it and two hosts share nothing.
#[derive(Default)]
pub struct Shared {
    values: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Shared {
    /// The value of this type.
    pub fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let value = values.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        value.clone().downcast().expect("a value stands under its own type")
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[test]
    fn there_is_one_value_of_each_type() {
        let shared = Shared::default();
        shared.get::<AtomicU32>().fetch_add(7, Relaxed);
        assert_eq!(shared.get::<AtomicU32>().load(Relaxed), 7);
        assert_eq!(*shared.get::<u32>(), 0);
        assert_eq!(Shared::default().get::<AtomicU32>().load(Relaxed), 0);
    }
}
