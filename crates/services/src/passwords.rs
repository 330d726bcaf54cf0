//! [`Passwords`]: hashes and compares with Argon2id, outside the threads that serve requests, few at a time.

mod places;
mod reusing;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use argon2::{
    Params,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString, rand_core::OsRng},
};
use beds_core::{Error, Result, context::Context};
use beds_protocol::ErrorCode;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout_at};
use unicode_normalization::UnicodeNormalization as _;

use self::{places::Places, reusing::Reusing};
use crate::settings::Tercero;

/// How many passwords may wait for each one that is being hashed.
const WAITING_FACTOR: usize = 32;
/// A password with fewer distinct characters is soon guessed.
const DISTINCT_MIN: usize = 5;
/// Words that must not be a password, whatever digits and signs follow: the first entries of lists of leaked passwords.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "motdepasse",
    "contraseña",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "qwertzuiop",
    "azerty",
    "asdfghjkl",
    "letmein",
    "welcome",
    "iloveyou",
    "administrator",
    "admin",
    "abcdefghijkl",
    "changeme",
    "trustno",
];

/// Hashes passwords and compares them.
pub(crate) struct Passwords {
    hasher: Arc<Hasher>,
    characters_min: usize,
    /// One permit per password that is being hashed.
    working: Arc<Semaphore>,
    /// One place per password that is being hashed or waits.
    places: Places,
}

struct Hasher {
    argon2: Reusing,
    /// The hash that stands in for unknown users; made at the first comparison.
    nobodys: OnceLock<String>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("characters_min", &self.characters_min).finish_non_exhaustive()
    }
}

impl Passwords {
    pub(crate) fn new(settings: &Tercero) -> Result<Self> {
        let Tercero { argon2_memory_kib, argon2_iterations, argon2_parallelism, argon2_at_once, .. } =
            *settings;
        let params = Params::new(argon2_memory_kib, argon2_iterations, argon2_parallelism, None)
            .map_err(|error| Error::internal(format!("[tercero] has invalid settings of Argon2: {error}")))?;
        let argon2 = Reusing::new(params);
        let at_once = argon2_at_once as usize;
        Ok(Self {
            hasher: Arc::new(Hasher { argon2, nobodys: OnceLock::new() }),
            characters_min: settings.password_min as usize,
            working: Arc::new(Semaphore::new(at_once)),
            places: Places::new(at_once * (1 + WAITING_FACTOR)),
        })
    }

    /// The hash of a new password of the user with this name. `field` names the password in errors.
    pub(crate) async fn hash(
        &self,
        cx: &Context,
        (name, field): (&str, &str),
        password: String,
    ) -> Result<String> {
        let password = composed(&password);
        self.check(name, &password).map_err(|reason| {
            Error::new(ErrorCode::ValidationFailed, "the password is too weak")
                .detail(format!("args.{field}"), reason)
        })?;
        let hasher = Arc::clone(&self.hasher);
        self.work(cx, move || hasher.hash(&password)).await?
    }

    /// Whether the password matches this hash. Without a hash the answer is no, after the same time.
    pub(crate) async fn is_right(&self, cx: &Context, hash: Option<String>, password: &str) -> Result<bool> {
        let (is_somebodys, password) = (hash.is_some(), composed(password));
        let hasher = Arc::clone(&self.hasher);
        let compare = move || {
            let nobodys = hasher.nobodys()?;
            Ok(hasher.is_right(hash.as_deref().unwrap_or(nobodys), &password)? && is_somebodys)
        };
        self.work(cx, compare).await?
    }

    async fn work<T: Send + 'static>(
        &self,
        cx: &Context,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _place = self.places.take(cx.asker.client).ok_or_else(|| {
            Error::new(ErrorCode::Overloaded, "too many passwords wait to be compared")
                .hint("try again later")
        })?;
        let permit = timeout_at(cx.deadline.into(), Arc::clone(&self.working).acquire_owned())
            .await
            .map_err(|_| Error::deadline())?
            .map_err(|_| Error::internal("no more passwords are compared"))?;
        let done = spawn_blocking(move || {
            let done = work();
            // The permit is held until the end, also if nobody waits any more.
            drop(permit);
            done
        });
        done.await.map_err(|_| Error::internal("a password could not be hashed"))
    }

    /// Checks a new password.
    fn check(&self, name: &str, password: &str) -> std::result::Result<(), String> {
        let least = self.characters_min;
        if password.chars().count() < least {
            return Err(format!("must have at least {least} characters"));
        }
        if password.chars().any(char::is_control) {
            return Err("must not have control characters".to_owned());
        }
        let mut distinct: Vec<char> = password.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < DISTINCT_MIN {
            return Err(format!("must have at least {DISTINCT_MIN} different characters"));
        }
        let word = password.to_lowercase();
        let word = word.trim_matches(|character: char| !character.is_alphabetic());
        if word.is_empty() && is_row(password) {
            return Err("must not be a sequence of digits".to_owned());
        }
        if COMMON.contains(&word) || COMMON.iter().any(|common| word == common.repeat(2)) {
            return Err("is one of the first that attackers guess".to_owned());
        }
        if word == name.trim_matches(|character: char| !character.is_alphabetic()) && !word.is_empty() {
            return Err("must not be made of the name".to_owned());
        }
        Ok(())
    }
}

/// Whether each digit follows the one before it, as in 123456789012.
fn is_row(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|character| character.to_digit(10)).collect();
    digits.is_some_and(|digits| {
        let up = digits.windows(2).all(|pair| (pair[0] + 1) % 10 == pair[1]);
        up || digits.windows(2).all(|pair| (pair[1] + 1) % 10 == pair[0])
    })
}

/// The same text for every keyboard: an é as one character, not two.
fn composed(password: &str) -> String {
    password.nfc().collect()
}

impl Hasher {
    fn hash(&self, password: &str) -> Result<String> {
        let salt = SaltString::generate(&mut OsRng);
        let hash = self.argon2.hash_password(password.as_bytes(), &salt);
        hash.map(|hash| hash.to_string())
            .map_err(|error| Error::internal(format!("a password cannot be hashed: {error}")))
    }

    fn is_right(&self, hash: &str, password: &str) -> Result<bool> {
        let parsed = PasswordHash::new(hash);
        let parsed = parsed.map_err(|_| Error::internal("a stored password is not a hash string"))?;
        match self.argon2.verify_password(password.as_bytes(), &parsed) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(error) => Err(Error::internal(format!("a stored password cannot be compared: {error}"))),
        }
    }

    fn nobodys(&self) -> Result<&str> {
        if let Some(hash) = self.nobodys.get() {
            return Ok(hash);
        }
        let hash = self.hash(SaltString::generate(&mut OsRng).as_str())?;
        Ok(self.nobodys.get_or_init(|| hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(&Tercero { argon2_memory_kib: 1_024, argon2_iterations: 1, ..Tercero::default() })
            .unwrap()
    }

    #[test]
    fn weak_passwords_are_refused() {
        let passwords = passwords();
        for weak in [
            "",
            "short",
            "elevenchars",
            "aaaaaaaaaaaa",
            "abababababab",
            "123456789012",
            "987654321098",
            "Password1234",
            "password!!!!",
            "passwordPassword",
            "Qwertyuiop12",
            "marie-antoinette",
            "..marie-antoinette1",
            "with\0a nul inside",
            "with\na line feed",
        ] {
            assert!(passwords.check("marie-antoinette", weak).is_err(), "{weak:?}");
        }
        for good in ["correct horse battery", "пароль на всю жизнь", "1f8e0b77a2d4", "pässwörter sind doof"]
        {
            assert_eq!(passwords.check("marie", good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn a_letter_is_the_same_in_one_character_and_in_two() {
        assert_eq!(composed("caf\u{e9}"), composed("cafe\u{301}"));
    }

    #[test]
    fn two_hashes_of_a_password_differ_and_do_not_hold_it() {
        let passwords = passwords();
        let hash = || passwords.hasher.hash("correct horse battery").unwrap();
        let (one, other) = (hash(), hash());
        assert_ne!(one, other);
        assert!(one.starts_with("$argon2id$v=19$m=1024,t=1,p=1$") && !one.contains("horse"), "{one}");
        assert!(!format!("{passwords:?}").contains("argon2id"));
    }
}
