//! Brotli and gzip at their strongest, once per content.

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use crate::{files, project::Project};

/// Brotli's largest window for the web (RFC 7932): 16 MiB.
const WINDOW_BITS: i32 = 24;

/// The compressed forms of one content; `None` where compression does not make it smaller.
pub(crate) struct Compressed {
    pub(crate) brotli: Option<Vec<u8>>,
    pub(crate) gzip: Option<Vec<u8>>,
}

/// Compresses `content`, whose digest is `digest`, or takes it from the cache.
pub(crate) fn compress(project: &Project, digest: &str, content: &[u8]) -> Result<Compressed> {
    let smaller = |bytes: Vec<u8>| (bytes.len() < content.len()).then_some(bytes);
    let cached = |kind: &str, pack: fn(&[u8]) -> Result<Vec<u8>>| {
        let path = cache_entry(project, digest, kind);
        if let Ok(bytes) = fs::read(&path) {
            return Ok(bytes);
        }
        let bytes = pack(content)?;
        // Written aside and moved: an interrupted run leaves no half entry.
        let partial = path.with_extension("partial");
        files::write(&partial, &bytes)?;
        fs::rename(&partial, &path).context("cannot keep a compressed file")?;
        Ok::<_, anyhow::Error>(bytes)
    };
    Ok(Compressed {
        brotli: smaller(cached("br", brotli)?),
        gzip: smaller(cached("gz", gzip)?),
    })
}

/// Drops the cached forms of contents other than those with `digests`.
pub(crate) fn forget_others(project: &Project, digests: &[&str]) -> Result<()> {
    let directory = project.cache().join("compressed");
    let Ok(entries) = fs::read_dir(&directory) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default();
        if !digests.iter().any(|digest| stem == *digest) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn cache_entry(project: &Project, digest: &str, kind: &str) -> PathBuf {
    let name = format!("{digest}.{kind}");
    project.cache().join("compressed").join(name)
}

fn brotli(mut content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: WINDOW_BITS,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut content, &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{brotli, gzip};

    #[test]
    fn both_forms_unpack_to_the_content() {
        let content = b"async server ".repeat(100);
        let mut unpacked = Vec::new();
        let packed = brotli(&content).unwrap();
        brotli::BrotliDecompress(&mut &packed[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, content);

        unpacked.clear();
        let packed = gzip(&content).unwrap();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        decoder.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, content);
    }
}
