//! [`Listed`]: several values of one key.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

/// Several values of one key: a list, or a text, since an environment variable can hold only a text.
#[derive(Debug)]
pub enum Listed<T> {
    /// A text that the caller must split.
    Text(String),
    /// The items of a list.
    Items(Vec<T>),
}

impl<T> Listed<T> {
    /// Reads the values. `expected` describes them.
    ///
    /// # Errors
    /// For any other value, and for an item that is no `T`.
    pub fn read<'de, D>(deserializer: D, expected: &'static str) -> Result<Self, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        struct Either<T>(&'static str, PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Listed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }

            fn visit_str<E>(self, text: &str) -> Result<Listed<T>, E> {
                Ok(Listed::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Listed<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Listed::Items(all))
            }
        }

        deserializer.deserialize_any(Either(expected, PhantomData))
    }
}

/// One host, or several: a list, or a string with commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(pub Vec<String>);

impl Hosts {
    /// The hosts in a text, with commas between.
    #[must_use]
    pub fn between_commas(text: &str) -> Self {
        Self(text.split(',').map(|host| host.trim().to_owned()).collect())
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hosts = match Listed::read(deserializer, "a host or a list of hosts")? {
            Listed::Text(text) => Self::between_commas(&text),
            Listed::Items(hosts) => Self(hosts),
        };
        // An empty list would count as absent, and the servers of another section would take its place.
        if hosts.0.is_empty() || hosts.0.iter().any(|host| host.trim().is_empty()) {
            return Err(D::Error::custom("it names no host: write one, or leave the key out"));
        }
        Ok(hosts)
    }
}
