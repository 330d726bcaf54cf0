//! [`Token`]: the proof of a session that a client presents, and [`Hash`], its stored form.

use argon2::password_hash::rand_core::{OsRng, RngCore as _};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use beds_core::{Error, Result};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// 256 random bits.
pub(crate) struct Token([u8; 32]);

impl Token {
    pub(crate) fn new() -> Result<Self> {
        let mut bits = [0; 32];
        OsRng.try_fill_bytes(&mut bits).map_err(|_| Error::internal("the system gives no random numbers"))?;
        Ok(Self(bits))
    }

    /// The token that a client presents; `None` if the text cannot be a token.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut bits = [0; 32];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bits).ok()?;
        (length == bits.len()).then_some(Self(bits))
    }

    pub(crate) fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.0).into())
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// SHA-256 of a token. It needs no salt, because nobody can guess 256 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    /// As an argument of a call.
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_nothing_else_does() {
        let token = Token::new().unwrap();
        let text = serde_json::to_value(&token).unwrap();
        let text = text.as_str().unwrap();
        assert_eq!(text.len(), 43);
        assert!(Token::read(text).unwrap().hash() == token.hash());
        assert!(Token::new().unwrap().hash() != token.hash());
        let padded = format!("{text}=");
        for wrong in ["", "x", &text[1..], &padded, &text.repeat(2), &text.repeat(1_000), "ä", "\0"] {
            assert!(Token::read(wrong).is_none(), "{wrong}");
        }
    }
}
