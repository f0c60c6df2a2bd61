//! Makes one style sheet of `style/main.css` and the files that it imports.
//!
//! Only whole lines `@import "./name.css";` are replaced, in their order: the form that
//! cargo-leptos understands, too.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

/// The style sheet at `entry` with its imports, and theirs, put in their places.
pub(crate) fn bundle(entry: &Path) -> Result<Vec<u8>> {
    let mut css = String::new();
    append(entry, &mut Vec::new(), &mut css)?;
    Ok(css.into_bytes())
}

fn append(path: &Path, parents: &mut Vec<std::path::PathBuf>, css: &mut String) -> Result<()> {
    let path = path
        .canonicalize()
        .with_context(|| format!("no style sheet {}", path.display()))?;
    if parents.contains(&path) {
        bail!("{} imports itself", path.display());
    }
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parents.push(path.clone());
    for line in text.lines() {
        match imported(line) {
            Some(name) => append(&path.with_file_name(name), parents, css)?,
            None if line.trim_start().starts_with("@import") => {
                bail!(
                    "{}: write imports as @import \"./name.css\";",
                    path.display()
                )
            }
            None => {
                css.push_str(line);
                css.push('\n');
            }
        }
    }
    parents.pop();
    Ok(())
}

/// `name.css` of the line `@import "./name.css";`.
fn imported(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("@import \"./")?
        .strip_suffix("\";")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{bundle, imported};
    use crate::files::remove_tree;

    #[test]
    fn imports_take_the_place_of_their_line() {
        let directory = std::env::temp_dir().join(format!("xtask-style-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(
            directory.join("main.css"),
            "@import \"./a.css\";\n@import \"./b.css\";\nmain { c: 3 }\n",
        )
        .unwrap();
        fs::write(directory.join("a.css"), "a { a: 1 }\n").unwrap();
        fs::write(directory.join("b.css"), "b { b: 2 }").unwrap();
        let css = bundle(&directory.join("main.css"));
        fs::write(directory.join("b.css"), "@import \"./main.css\";").unwrap();
        let circle = bundle(&directory.join("main.css"));
        remove_tree(&directory).unwrap();
        assert_eq!(
            css.unwrap(),
            b"a { a: 1 }\nb { b: 2 }\nmain { c: 3 }\n".to_vec()
        );
        assert!(circle.unwrap_err().to_string().contains("imports itself"));
    }

    #[test]
    fn only_the_one_form_is_an_import() {
        assert_eq!(imported("@import \"./a.css\";"), Some("a.css"));
        assert_eq!(imported("@import url(a.css);"), None);
        assert_eq!(imported("main { color: red }"), None);
    }
}
