//! Values that a scope has for all that runs in it, found by their type.
//!
//! They stay with the scope that was opened with them; whoever asks goes outward until one is found.
//! So a spawn costs nothing for them, and a scope without any costs an empty list.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::Core;

/// A scope has few: a list is shorter and faster than a map.
#[derive(Clone, Default)]
pub(crate) struct Values(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl Values {
    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        let id = TypeId::of::<T>();
        self.0.retain(|(other, _)| *other != id);
        self.0.push((id, Arc::new(value)));
    }

    fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let (_, value) = self.0.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        Arc::clone(value).downcast().ok()
    }
}

impl Core {
    /// The value of type `T` that this very scope was opened with.
    pub(crate) fn own_value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.settings.values.get()
    }

    /// The value of type `T` that holds here: that of the nearest scope outward that has one. A
    /// shield keeps only cancellation away.
    pub(crate) fn inherited<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let mut core = self;
        loop {
            if let Some(value) = core.settings.values.get() {
                return Some(value);
            }
            core = &core.parent.as_ref()?.core;
        }
    }
}
