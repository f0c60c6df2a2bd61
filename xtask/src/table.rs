//! The web root as a Rust table, which the server's binary includes.

use std::fmt::Write as _;

use crate::manifest::{Entries, File, Manifest};

/// The table's file in the web root. Its paths are relative to itself.
pub(crate) const FILE: &str = "embedded.rs";

/// The source of the table of `manifest`.
pub(crate) fn source(manifest: &Manifest) -> String {
    let mut files = String::new();
    for file in &manifest.files {
        // Writing to a String cannot fail.
        let _ = writeln!(files, "        {},", row(file));
    }
    let Entries {
        js,
        loader,
        wasm,
        css,
        pieces,
    } = &manifest.entries;
    let mut views = String::new();
    for (view, paths) in pieces {
        let _ = writeln!(views, "        ({view:?}, &{paths:?}),");
    }
    format!(
        "pub(crate) static SITE: Option<&glassworks_server::site::EmbeddedSite> =\n    \
         Some(&glassworks_server::site::EmbeddedSite {{\n        \
         js: {js:?}, loader: {loader:?}, wasm: {wasm:?}, css: {css:?},\n        \
         pieces: &[\n{views}        ],\n        files: &[\n{files}        ],\n    }});\n"
    )
}

fn row(file: &File) -> String {
    let File {
        path,
        content_type,
        etag,
        immutable,
        ..
    } = file;
    let name = path.trim_start_matches('/');
    let packed = |bytes: Option<u64>, extension: &str| match bytes {
        Some(_) => format!("Some(include_bytes!(\"{name}.{extension}\"))"),
        None => "None".to_owned(),
    };
    format!(
        "glassworks_server::site::File {{ path: {path:?}, content_type: {content_type:?}, \
         etag: {etag:?}, immutable: {immutable}, identity: include_bytes!({name:?}), \
         br: {}, gz: {} }}",
        packed(file.br, "br"),
        packed(file.gz, "gz"),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::source;
    use crate::manifest::{Entries, File, Manifest};

    #[test]
    fn a_file_is_listed_with_the_forms_that_it_has() {
        let table = source(&Manifest {
            entries: Entries {
                js: "/pkg/a.js".into(),
                loader: "/pkg/l.js".into(),
                wasm: "/pkg/a.wasm".into(),
                css: "/pkg/a.css".into(),
                pieces: BTreeMap::from([("board".into(), vec!["/pkg/b.wasm".into()])]),
            },
            files: vec![File {
                path: "/pkg/a.js".into(),
                content_type: "text/javascript".into(),
                etag: "abc".into(),
                immutable: true,
                size: 9,
                br: Some(5),
                gz: None,
            }],
        });
        for part in [
            r#"js: "/pkg/a.js", loader: "/pkg/l.js", wasm: "/pkg/a.wasm", css: "/pkg/a.css""#,
            r#"("board", &["/pkg/b.wasm"])"#,
            r#"path: "/pkg/a.js", content_type: "text/javascript", etag: "abc", immutable: true"#,
            r#"identity: include_bytes!("pkg/a.js")"#,
            r#"br: Some(include_bytes!("pkg/a.js.br")), gz: None"#,
        ] {
            assert!(table.contains(part), "{part} is not in {table}");
        }
    }
}
