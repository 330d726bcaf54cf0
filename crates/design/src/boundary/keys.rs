//! The keys of DBAs: Ed25519. The secret key is PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use beds_protocol::shown;
use ring::{
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};

use crate::proposal::Flaw;

/// The prefix of a written public key.
const PREFIX: &str = "ed25519:";
/// The longest key file.
const KEY_BYTES_MAX: u64 = 16 * 1024;

/// The bytes before the seed of a key in PKCS #8 without its public half: RFC 8410, section 7. OpenSSL 3.0 does not
/// read a key with the public half, which ring would write.
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
const SEED_BYTES: usize = 32;

/// The public keys, without their sign, that belong to no secret key. For these, anybody can make signatures.
const WEAK: [[u8; 32]; 7] = {
    let zero = [0; 32];
    let (mut one, mut minus_one, mut prime, mut prime_and_one) = (zero, [0xff; 32], [0xff; 32], [0xff; 32]);
    one[0] = 1;
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    (prime[0], prime[31]) = (0xed, 0x7f);
    (prime_and_one[0], prime_and_one[31]) = (0xee, 0x7f);
    let of_eight = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    let of_eight_too = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];
    [zero, one, minus_one, prime, prime_and_one, of_eight, of_eight_too]
};

/// A key that verifies signatures, as the configuration has it: `ed25519:…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| format!("a public key begins with `{PREFIX}`: `beds design keygen` writes it"))?;
        let bytes: [u8; 32] = BASE64.decode(encoded).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(
            "a public key has 32 bytes in base64 after its beginning: this one was cut off, or is not a public key",
        )?;
        let mut without_sign = bytes;
        without_sign[31] &= 0x7f;
        if WEAK.contains(&without_sign) {
            return Err(
                "this public key is weak, and anybody can make signatures that it accepts: make another one \
                        with `beds design keygen`"
                    .to_owned(),
            );
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PublicKey {
    /// Whether this is the key owner's signature of a text.
    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(text, signature).is_ok()
    }
}

/// A key with which a DBA signs. It is never displayed.
pub struct SecretKey(Ed25519KeyPair);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretKey").field(&self.public()).finish()
    }
}

impl SecretKey {
    /// Reads a key from a file that nobody else may read.
    ///
    /// # Errors
    /// When the file cannot be read, others may read it, or it holds no key.
    pub fn read(path: &Path) -> Result<Self, Flaw> {
        let wrong = |reason: &str| Flaw::new(format!("{}: {reason}", shown(path.to_string_lossy())));
        let found = fs::metadata(path).map_err(|error| wrong(&error.to_string()))?;
        if !found.is_file() || found.len() > KEY_BYTES_MAX {
            return Err(wrong("this is not a key file"));
        }
        if found.permissions().mode() & 0o077 != 0 {
            return Err(wrong("users other than its owner may read the key: run `chmod 600` on it"));
        }
        let bytes = fs::read(path).map_err(|error| wrong(&error.to_string()))?;
        if bytes.windows(9).any(|part| part == b"ENCRYPTED") {
            return Err(wrong(
                "the key is encrypted: give an unencrypted key file, and keep it on an encrypted disk",
            ));
        }
        let key = PrivatePkcs8KeyDer::from_pem_slice(&bytes)
            .map_err(|_| wrong("it contains no key: a key file begins with -----BEGIN PRIVATE KEY-----"))?;
        // OpenSSL leaves the public half out of the file.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
            .map_err(|_| wrong("the key is not an Ed25519 key"))?;
        Ok(Self(pair))
    }

    /// The public half, for the configuration.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        let public = self.0.public_key().as_ref();
        if public.len() == bytes.len() {
            bytes.copy_from_slice(public);
        }
        PublicKey(bytes)
    }

    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).as_ref().to_vec()
    }
}

/// Generates a key and returns its public half. The key goes into a new file that nobody else may read.
///
/// # Errors
/// When the file exists, or cannot be written.
pub fn keygen(path: &Path) -> Result<PublicKey, Flaw> {
    let wrong = |reason: String| Flaw::new(format!("{}: {reason}", shown(path.to_string_lossy())));
    let mut made = PKCS8_HEAD.to_vec();
    made.resize(PKCS8_HEAD.len() + SEED_BYTES, 0);
    let (_, seed) = made.split_at_mut(PKCS8_HEAD.len());
    SystemRandom::new().fill(seed).map_err(|_| wrong("the system provides no random numbers".to_owned()))?;
    let encoded = BASE64.encode(&made);
    let mut text = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => wrong("it exists already, and a key is never replaced".to_owned()),
        _ => wrong(error.to_string()),
    })?;
    SecretKey::read(path).map(|key| key.public())
}
