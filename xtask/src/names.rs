//! Makes the names of imports compress well.
//!
//! wasm-bindgen ends each with a hash, `__wbg_now_86fc2e1c0f3b9a4d`, in the wasm and in its script.
//! There are hundreds, and a hash does not compress. All it does there is to tell apart names that
//! are alike, for which a number will do.

use std::{collections::BTreeMap, ops::Range};

/// The digits of a hash.
const HASH: usize = 16;

/// Replaces the hashes in both files by numbers of the same length: nothing else moves.
pub(crate) fn number(script: &mut [u8], wasm: &mut [u8]) {
    let mut numbers = BTreeMap::new();
    let mut alike = BTreeMap::new();
    for name in hashed(script) {
        let stem = script[name.start..name.end - HASH].to_vec();
        numbers.entry(script[name].to_vec()).or_insert_with(|| {
            let count: &mut usize = alike.entry(stem).or_default();
            *count += 1;
            format!("{count:0HASH$}")
        });
    }
    for file in [script, wasm] {
        for name in hashed(file) {
            if let Some(number) = numbers.get(&file[name.clone()]) {
                file[name.end - HASH..name.end].copy_from_slice(number.as_bytes());
            }
        }
    }
}

/// Where the names are that end with a hash.
fn hashed(bytes: &[u8]) -> Vec<Range<usize>> {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut next = 0;
    bytes
        .split(|byte| !in_word(byte))
        .filter_map(|word| {
            let end = next + word.len();
            let after = std::mem::replace(&mut next, end + 1);
            let (stem, hash) = word.split_at_checked(word.len().checked_sub(HASH)?)?;
            let is_hash = stem.ends_with(b"_") && hash.iter().all(u8::is_ascii_hexdigit);
            // In the wasm the byte before a name is its length, which may look like a letter.
            let start = stem.windows(4).position(|start| start == b"__wb")?;
            is_hash.then_some(after + start..end)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names_stay_apart_and_the_same_in_both_files() {
        let mut script = *b"__wbg_new_0123456789abcdef: f(), __wbg_new_fedcba9876543210: g(), \
            __wbg_now_aaaaaaaaaaaaaaaa: h(), __wbg_free(0123456789abcdef)";
        let mut wasm = *b"\x02A__wbg_new_fedcba9876543210\0\x01__wbg_new_0123456789abcdef\0\x01\
            __wbg_not_0123456789abcdef";
        number(&mut script, &mut wasm);
        assert_eq!(
            script,
            *b"__wbg_new_0000000000000001: f(), __wbg_new_0000000000000002: g(), \
            __wbg_now_0000000000000001: h(), __wbg_free(0123456789abcdef)"
        );
        assert_eq!(
            wasm,
            *b"\x02A__wbg_new_0000000000000002\0\x01__wbg_new_0000000000000001\0\x01\
            __wbg_not_0123456789abcdef"
        );
    }
}
