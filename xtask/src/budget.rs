//! The budget of the first page: wasm and script on the wire.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::{
    manifest::{File, Manifest},
    project::Project,
    site,
};

/// The view that a visitor sees first.
const FIRST: &str = "board_route_view";
/// The most that it may load: on a slow phone connection (1.6 Mbit/s) about a second and a third.
const FIRST_LIMIT: u64 = 260 * 1024;
/// The most that any other may load when somebody comes to it from outside.
const LIMIT: u64 = 512 * 1024;

fn limit(view: &str) -> u64 {
    if view == FIRST { FIRST_LIMIT } else { LIMIT }
}

/// What each page loads when it is the first, by the name of its view, in bytes as a browser
/// receives them: the main module, its scripts, all that they import, and the page's own pieces.
fn first_pages(manifest: &Manifest) -> Vec<(&str, u64)> {
    let entries = &manifest.entries;
    let size = |path: &String| {
        let file = manifest.files.iter().find(|file| file.path == *path);
        file.map_or(0, File::on_the_wire)
    };
    let imported = |file: &&File| file.path.starts_with("/pkg/snippets/");
    let imported = manifest.files.iter().filter(imported);
    let shared = [&entries.js, &entries.loader, &entries.wasm].map(size);
    let shared = shared.iter().sum::<u64>() + imported.map(File::on_the_wire).sum::<u64>();
    let page = |(view, paths): (_, &Vec<String>)| {
        let own: u64 = paths.iter().map(size).sum();
        (view, shared + own)
    };
    let views = entries.pieces.iter().map(|(view, paths)| (&**view, paths));
    views.map(page).collect()
}

/// The figures, for people.
pub(crate) fn report(manifest: &Manifest) -> String {
    let mut report = "Wasm and js of each page when it is the first, in brotli:".to_owned();
    for (view, used) in first_pages(manifest) {
        // Writing to a String cannot fail.
        let _ = write!(
            report,
            "\n  {view:20} {} of {}",
            kib(used),
            kib(limit(view))
        );
    }
    report
}

#[expect(clippy::cast_precision_loss, reason = "kilobytes for people")]
fn kib(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

/// Fails when the web root that is there is over the limit.
pub(crate) fn check(project: &Project) -> Result<()> {
    let manifest = site::read(project)?;
    println!("{}", report(&manifest));
    let pages = first_pages(&manifest);
    ensure!(
        pages.iter().any(|(view, _)| *view == FIRST),
        "there is no {FIRST}"
    );
    for (view, used) in pages {
        ensure!(used <= limit(view), "{view} is over its budget");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::first_pages;
    use crate::manifest::{Entries, File, Manifest};

    fn file(path: &str, br: Option<u64>) -> File {
        File {
            path: path.into(),
            content_type: String::new(),
            etag: String::new(),
            immutable: false,
            size: 1000,
            br,
            gz: None,
        }
    }

    #[test]
    fn counts_what_a_page_runs_and_nothing_else() {
        let manifest = Manifest {
            entries: Entries {
                js: "/pkg/a.js".into(),
                loader: "/pkg/l.js".into(),
                wasm: "/pkg/a.wasm".into(),
                css: "/pkg/a.css".into(),
                pieces: BTreeMap::from([
                    (
                        "board".into(),
                        vec!["/pkg/b.wasm".into(), "/pkg/c.wasm".into()],
                    ),
                    ("tasks".into(), vec!["/pkg/c.wasm".into()]),
                ]),
            },
            files: vec![
                file("/favicon.svg", Some(500)),
                file("/pkg/a.css", Some(400)),
                file("/pkg/a.js", Some(30)),
                file("/pkg/a.wasm", Some(200)),
                file("/pkg/b.wasm", Some(70)),
                file("/pkg/c.wasm", Some(5)),
                file("/pkg/l.js", Some(3)),
                file("/pkg/snippets/b/inline0.js", None),
            ],
        };
        assert_eq!(first_pages(&manifest), [("board", 1308), ("tasks", 1238)]);
    }
}
