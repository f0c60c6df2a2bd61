//! What was typed into a form's controls.

#[cfg(feature = "ssr")]
use std::collections::BTreeMap;

use super::Form;

/// What was typed into a form's controls, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed(Vec<(String, String)>);

impl Typed {
    /// What the form starts with: the defaults of `form`.
    pub(crate) fn initial(form: &Form) -> Self {
        form.payload
            .iter()
            .chain(&form.options)
            .map(|field| (field.name.clone(), field.initial.clone()))
            .collect()
    }

    /// What was sent by a form: its payload and its options, each by the name in the brackets.
    #[cfg(feature = "ssr")]
    pub(crate) fn sent(
        payload: &BTreeMap<String, String>,
        options: &BTreeMap<String, String>,
    ) -> Self {
        Self::grouped([("payload", payload), ("options", options)])
    }

    /// What was sent by a form in groups, each control by the name in the brackets.
    #[cfg(feature = "ssr")]
    pub(crate) fn grouped<const N: usize>(groups: [(&str, &BTreeMap<String, String>); N]) -> Self {
        let of_group = |(group, sent): (&str, &BTreeMap<String, String>)| {
            let named =
                |(key, value): (&String, &String)| (format!("{group}[{key}]"), value.clone());
            sent.iter().map(named).collect::<Vec<_>>()
        };
        groups.into_iter().flat_map(of_group).collect()
    }

    /// What was typed into the control of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether anything was typed at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The filled controls, for a query string, up to about `bytes`: what would not fit is left
    /// out, the longest first.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn fitting(&self, bytes: usize) -> Vec<(&str, &str)> {
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.sort_by_key(|(name, value)| name.len() + value.len());
        let mut left = bytes;
        pairs.retain(|(name, value)| {
            // Percent encoding makes three bytes of one at worst.
            let cost = 3 * (name.len() + value.len()) + 2;
            let fits = cost <= left;
            if fits {
                left -= cost;
            }
            fits
        });
        pairs
    }
}

impl FromIterator<(String, String)> for Typed {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Typed;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_query_string_keeps_what_fits() {
        let long = "x".repeat(10_000);
        let typed = typed(&[
            ("payload[a]", "1"),
            ("payload[b]", &long),
            ("payload[c]", "2"),
        ]);
        let kept: Vec<_> = typed
            .fitting(4_000)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(kept, ["payload[a]", "payload[c]"]);
    }
}
