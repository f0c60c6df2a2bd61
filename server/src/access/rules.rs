//! What each route asks of its caller, by path and method.

use std::collections::HashMap;

use http::Method;

use super::Need;

/// For whom a route answers: whoever is not let in is told in this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// For programs: with a problem.
    Program,
    /// For people: they are led to the page where they sign in.
    Page,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The path, with its parameters in braces.
    pub path: String,
    /// The method.
    pub method: Method,
    /// What is asked.
    pub need: Need,
}

/// The table's lines, to be looked up.
#[derive(Debug, Default)]
pub(crate) struct Rules(HashMap<String, Vec<(Method, Need, Face)>>);

impl Rules {
    pub(super) fn add(&mut self, path: &str, method: Method, need: Need, face: Face) {
        let of_path = self.0.entry(path.to_owned()).or_default();
        of_path.push((method, need, face));
    }

    /// What the route at `path` asks who calls it by `method`; `None` when it has no such method,
    /// and so does nothing but say which it has. A path without a line here asks for all there is:
    /// what was forgotten is closed.
    pub(super) fn of(&self, path: &str, method: &Method) -> Option<(Need, Face)> {
        let Some(of_path) = self.0.get(path) else {
            return Some((Need::ADMIN, Face::Program));
        };
        // A GET route answers to HEAD as well.
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = of_path.iter().find(|(known, ..)| known == method);
        found.map(|(_, need, face)| (*need, *face))
    }

    /// All of them, in the order of their paths.
    pub(super) fn list(&self) -> Vec<Rule> {
        let mut list: Vec<Rule> = self
            .0
            .iter()
            .flat_map(|(path, methods)| {
                methods.iter().map(|(method, need, _)| Rule {
                    path: path.clone(),
                    method: method.clone(),
                    need: *need,
                })
            })
            .collect();
        list.sort_by(|one, other| {
            let key = |rule: &Rule| (rule.path.clone(), rule.method.to_string());
            key(one).cmp(&key(other))
        });
        list
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Face, Rules};
    use crate::access::Need;

    #[test]
    fn what_has_no_line_is_closed() {
        let mut rules = Rules::default();
        rules.add("/a", Method::GET, Need::READ, Face::Page);
        assert_eq!(rules.of("/a", &Method::GET), Some((Need::READ, Face::Page)));
        assert_eq!(rules.of("/a", &Method::HEAD), rules.of("/a", &Method::GET));
        assert_eq!(rules.of("/a", &Method::POST), None);
        let closed = Some((Need::ADMIN, Face::Program));
        assert_eq!(rules.of("/b", &Method::GET), closed);
    }
}
