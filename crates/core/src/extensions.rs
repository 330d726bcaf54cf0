//! [`Extensions`]: values that a node offers to hand-written functions, by type.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use crate::error::{Error, Result};

/// The values that a node offers to hand-written functions besides its databases: one value of each type, made once at
/// the start and shared by all requests.
#[derive(Default)]
pub struct Extensions(HashMap<TypeId, (&'static str, Arc<dyn Any + Send + Sync>)>);

impl Extensions {
    /// The same with this value, which replaces an earlier one of its type.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, value: Arc<T>) -> Self {
        self.0.insert(TypeId::of::<T>(), (type_name::<T>(), value));
        self
    }

    /// The value of a type.
    ///
    /// # Errors
    /// `internal`, if the node offers no such value.
    pub fn get<T: Any + Send + Sync>(&self) -> Result<&T> {
        let value = self.0.get(&TypeId::of::<T>()).and_then(|(_, value)| value.downcast_ref());
        value.ok_or_else(|| {
            Error::internal(format!("the node has no `{}` for its functions", type_name::<T>()))
        })
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.values().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_type() {
        let extensions = Extensions::default().with(Arc::new(1_u8)).with(Arc::new("a")).with(Arc::new(2_u8));
        assert_eq!((*extensions.get::<u8>().unwrap(), *extensions.get::<&str>().unwrap()), (2, "a"));
        let error = extensions.get::<u16>().unwrap_err();
        assert!(error.message.contains("u16"), "{error:?}");
    }
}
