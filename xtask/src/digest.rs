//! Content hashes: they name files, are their `ETag`, and key the cache.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of `parts`, each preceded by its length so that no two lists of parts collide,
/// as 32 hexadecimal digits (half of it: 128 bits are plenty against accidents).
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut hex = String::with_capacity(32);
    for byte in &hasher.finalize()[..16] {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_border_between_parts_counts() {
        let parts: [&[u8]; 2] = [b"ab", b"c"];
        let moved: [&[u8]; 2] = [b"a", b"bc"];
        assert_ne!(digest(parts), digest(moved));
        assert_eq!(digest(parts), digest(parts));
        assert_eq!(digest(parts).len(), 32);
    }
}
