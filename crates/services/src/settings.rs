//! The sections of the configuration that are the services': [`Tercero`], [`SharedFilesystem`].

use std::path::PathBuf;

use beds_core::{section, settings::Millis};

section! {
    /// `[shared_filesystem]`
    SharedFilesystem {
        /// The folder that all nodes see which host `segundo`: archives are kept in it.
        path: Option<PathBuf> = None,
        /// How many bytes must be free there.
        free_bytes_min: u64 = 1 << 30,
    }
}

section! {
    /// `[tercero]`
    Tercero {
        /// After how many seconds without a request a session expires.
        idle_s: u32 = 1_800,
        /// After how many seconds a session ends in any case.
        absolute_s: u32 = 43_200,
        /// How many seconds an ended session is remembered, so that its user is told that it has ended.
        keep_s: u32 = 86_400,
        /// How many wrong passwords, one after the other, lock a user out.
        failures_max: u32 = 10,
        /// For how many seconds.
        lock_s: u32 = 900,
        /// How many characters a password has at least.
        password_min: u32 = 12,
        /// The memory that hashing a password takes, in KiB.
        argon2_memory_kib: u32 = 19_456,
        /// How often it goes over that memory.
        argon2_iterations: u32 = 2,
        /// In how many lanes.
        argon2_parallelism: u32 = 1,
        /// How many passwords are hashed at the same time.
        argon2_at_once: u32 = 2,
        /// For how long a node takes a session for what it was. Closed sessions and other roles are heard of before.
        cache_ms: Millis = Millis(30_000),
        /// How many sessions a node remembers.
        cache_sessions: u32 = 50_000,
    }
}

impl Tercero {
    /// The contradiction in this section, if there is one.
    #[must_use]
    pub fn contradiction(&self) -> Option<String> {
        let Self { idle_s, absolute_s, argon2_memory_kib, argon2_parallelism, .. } = *self;
        if idle_s > absolute_s {
            return Some(format!(
                "tercero.idle_s is {idle_s}: it must not be above tercero.absolute_s, which is {absolute_s}"
            ));
        }
        // The memory that Argon2 needs for each lane.
        let least = argon2_parallelism.saturating_mul(8);
        (argon2_memory_kib < least).then(|| {
            format!("tercero.argon2_memory_kib is {argon2_memory_kib}: it must be at least {least}, 8 for each lane of argon2_parallelism")
        })
    }

    /// The interval at which the use of a session is stored, in seconds.
    pub(crate) fn touch_s(&self) -> u32 {
        (self.idle_s / 10).clamp(1, 60)
    }
}
