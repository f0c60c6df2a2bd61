//! Lines from text that comes in pieces.

/// Makes lines of pieces of text. Holds the line that has begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    begun: String,
}

impl Lines {
    /// The lines that `piece` completes, without their ends.
    pub(crate) fn push(&mut self, piece: &str) -> Vec<String> {
        self.begun.push_str(piece);
        let Some(end) = self.begun.rfind('\n') else {
            return Vec::new();
        };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        whole.lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn a_line_is_there_when_its_end_is() {
        let mut lines = Lines::default();
        assert!(lines.push("on").is_empty());
        assert_eq!(lines.push("e\ntwo\nth"), ["one", "two"]);
        assert_eq!(lines.push("ree\n"), ["three"]);
    }
}
