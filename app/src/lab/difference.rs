//! Two files as one list of lines: which are in both, and which in only one of them.

use serde::{Deserialize, Serialize};

/// In which of two files a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// In both.
    Same,
    /// In the first alone.
    Removed,
    /// In the second alone.
    Added,
}

/// A line of one of the files or of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Where it stands.
    pub(crate) change: Change,
    /// What it says.
    pub(crate) text: String,
}

/// The lines of both files in their order, with as many in common as there can be.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn difference(before: &str, after: &str) -> Vec<Line> {
    let before: Vec<&str> = before.lines().collect();
    let after: Vec<&str> = after.lines().collect();
    // `common[i][j]`: how many lines the rests from `i` and from `j` have in common.
    let mut common = vec![vec![0_u32; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = if before[i] == after[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let line = |change, text: &str| Line {
        change,
        text: text.to_owned(),
    };
    let mut lines = Vec::with_capacity(before.len() + after.len());
    let (mut i, mut j) = (0, 0);
    loop {
        match (before.get(i), after.get(j)) {
            (Some(old), Some(new)) if old == new => {
                lines.push(line(Change::Same, old));
                (i, j) = (i + 1, j + 1);
            }
            // What goes stands above what comes in its place.
            (Some(old), new) if new.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push(line(Change::Removed, old));
                i += 1;
            }
            (_, Some(new)) => {
                lines.push(line(Change::Added, new));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Change::{Added, Removed, Same};
    use super::{Change, difference};

    fn told(before: &str, after: &str) -> Vec<(Change, String)> {
        let lines = difference(before, after);
        lines
            .into_iter()
            .map(|line| (line.change, line.text))
            .collect()
    }

    #[test]
    fn what_goes_stands_above_what_comes() {
        let lines = told("a\nold\nz\n", "a\nnew\nnewer\nz\n");
        let expected = [
            (Same, "a"),
            (Removed, "old"),
            (Added, "new"),
            (Added, "newer"),
            (Same, "z"),
        ];
        assert_eq!(
            lines,
            expected.map(|(change, text)| (change, text.to_owned()))
        );
    }

    #[test]
    fn each_file_can_be_read_out_of_it() {
        let (before, after) = (
            "use a;\n\nfn f() {\n    g();\n}\n",
            "fn f() {\n    h();\n    g();\n}\n",
        );
        let lines = difference(before, after);
        let without = |change| {
            let kept = lines.iter().filter(|line| line.change != change);
            kept.map(|line| line.text.clone() + "\n")
                .collect::<String>()
        };
        assert_eq!(without(Added), before);
        assert_eq!(without(Removed), after);
    }

    #[test]
    fn a_file_does_not_differ_from_itself() {
        assert!(
            difference("a\nb\n", "a\nb\n")
                .iter()
                .all(|line| line.change == Same)
        );
        assert_eq!(difference("", ""), []);
    }
}
