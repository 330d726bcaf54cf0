//! [`Reusing`]: Argon2id in memory that is used again.
//!
//! A hash takes some 20 MiB. The threads for blocking work are many, and an allocator keeps for each what it has given
//! back: a few logins would cost a node hundreds of MiB.

use std::sync::{Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{self, Decimal, Ident, Output, ParamsString, PasswordHash, PasswordHasher, Salt},
};

/// Argon2id with its settings for new passwords, and the memory of the hashes that ended: as many parts as ran at once.
pub(super) struct Reusing {
    params: Params,
    free: Mutex<Vec<Vec<Block>>>,
}

impl Reusing {
    pub(super) const fn new(params: Params) -> Self {
        Self { params, free: Mutex::new(Vec::new()) }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
        let size = argon2.params().block_count();
        let mut memory = self.free().pop().unwrap_or_default();
        // A stored hash may have been made with other settings.
        if memory.len() < size {
            memory = vec![Block::default(); size];
        }
        let done = argon2.hash_password_into_with_memory(password, salt, out, &mut memory[..size]);
        self.free().push(memory);
        done
    }
}

impl PasswordHasher for Reusing {
    type Params = Params;

    fn hash_password<'a>(
        &self,
        password: &[u8],
        salt: impl Into<Salt<'a>>,
    ) -> password_hash::Result<PasswordHash<'a>> {
        self.hash_password_customized(password, None, None, self.params.clone(), salt)
    }

    fn hash_password_customized<'a>(
        &self,
        password: &[u8],
        algorithm: Option<Ident<'a>>,
        version: Option<Decimal>,
        params: Params,
        salt: impl Into<Salt<'a>>,
    ) -> password_hash::Result<PasswordHash<'a>> {
        let algorithm = algorithm.map_or(Ok(Algorithm::Argon2id), Algorithm::try_from)?;
        let version = version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let (salt, mut bytes) = (salt.into(), [0; Salt::MAX_LENGTH]);
        let salt_bytes = salt.decode_b64(&mut bytes)?;
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let shown = ParamsString::try_from(&params)?;
        let argon2 = Argon2::new(algorithm, version, params);
        let output = Output::init_with(length, |out| Ok(self.fill(&argon2, password, salt_bytes, out)?))?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: shown,
            salt: Some(salt),
            hash: Some(output),
        })
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordVerifier as _, SaltString};

    use super::*;

    #[test]
    fn hashes_are_those_of_argon2_and_use_the_same_memory() {
        let small = Params::new(64, 1, 1, None).unwrap();
        let ours = Reusing::new(small.clone());
        let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, small);
        let salt = SaltString::from_b64("c29tZXNhbHQ").unwrap();
        let hash = ours.hash_password(b"one", &salt).unwrap();
        assert_eq!(hash, theirs.hash_password(b"one", &salt).unwrap());
        // Of other settings, such as those of an earlier configuration.
        let larger = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(256, 2, 2, None).unwrap());
        let earlier = larger.hash_password(b"two", &salt).unwrap();
        for _ in 0..3 {
            assert!(
                ours.verify_password(b"one", &hash).is_ok() && ours.verify_password(b"two", &hash).is_err()
            );
            assert!(ours.verify_password(b"two", &earlier).is_ok());
        }
        assert_eq!(
            ours.free().iter().map(Vec::len).collect::<Vec<_>>(),
            [256],
            "one part, of the larger size"
        );
    }
}
