//! What proves who somebody is: random, shown once, and kept only as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::store::access::SecretHash;

/// Bytes of randomness: nobody guesses 2^256, so a plain hash is enough and no slow one is needed.
const RANDOM_BYTES: usize = 32;

/// Tells keys from other secrets, for people and for programs that look for leaked ones.
const KEY_PREFIX: &str = "gw_";

/// The least characters of a key that the operator has made.
const LEAST_ADMIN_KEY: usize = 32;
/// The most characters of anything that is compared with keys; what is longer is none.
pub(super) const LONGEST: usize = 256;

/// A secret in clear. It shows itself nowhere but where it is asked to.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// The text of a new key.
    pub(super) fn key() -> Result<Self, getrandom::Error> {
        random().map(|random| Self(format!("{KEY_PREFIX}{random}")))
    }

    /// The token of a new session.
    pub(super) fn token() -> Result<Self, getrandom::Error> {
        random().map(Self)
    }

    /// The text, for whom it belongs to.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a secret.
pub(super) fn hash(text: &str) -> SecretHash {
    Sha256::digest(text).into()
}

/// The first key with the scope `admin`, which the operator has made: at least 32 visible characters
/// of ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminKey(SecretText);

/// It is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key has 32 to 256 visible characters of ASCII: 32 random bytes in hexadecimal, say")]
pub struct InvalidAdminKey;

impl AdminKey {
    /// Reads it; white space around it does not count.
    pub fn parse(text: &str) -> Result<Self, InvalidAdminKey> {
        let text = text.trim();
        let fits = (LEAST_ADMIN_KEY..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(SecretText(text.to_owned())))
            .ok_or(InvalidAdminKey)
    }

    pub(super) fn hash(&self) -> SecretHash {
        hash(self.0.reveal())
    }
}

#[cfg(test)]
mod tests {
    use super::{AdminKey, SecretText};

    #[test]
    fn a_key_is_recognised_and_never_the_same() {
        let (one, other) = (SecretText::key().unwrap(), SecretText::key().unwrap());
        assert!(one.reveal().starts_with("gw_"));
        assert_eq!(one.reveal().len(), 3 + 43);
        assert_ne!(one, other);
        assert_eq!(format!("{one:?}"), "[secret]");
    }

    #[test]
    fn what_could_be_guessed_is_no_admin_key() {
        let hexadecimal = "00112233445566778899aabbccddeeff";
        assert!(AdminKey::parse(&format!(" {hexadecimal}\n")).is_ok());
        for text in [
            "",
            "secret",
            &hexadecimal[1..],
            &"ü".repeat(40),
            &"a b".repeat(20),
        ] {
            assert!(AdminKey::parse(text).is_err(), "{text}");
        }
    }
}
