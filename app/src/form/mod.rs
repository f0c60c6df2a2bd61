//! The submit form without a browser: what it asks, and what was typed as a task.
//!
//! Every control has one name, used in the HTML, in the query string of a prefilled form, and in
//! what is sent; errors come back by JSON Pointer and are shown beside the control they mean.

mod experiment;
mod fields;
mod number;
mod options;
pub(crate) mod queue;
pub(crate) mod schedule;
mod schema;
mod task;
mod typed;

pub(crate) use experiment::{experiment_fields, experiment_task};
pub(crate) use fields::{Control, Field, as_typed};
pub(crate) use options::option_fields;
pub(crate) use schema::payload_fields;
pub(crate) use task::new_task;
pub(crate) use typed::Typed;

use glassworks_protocol::{FieldError, KindInfo};

/// The form of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    /// What its payload holds.
    pub(crate) payload: Vec<Field>,
    /// How it is run.
    pub(crate) options: Vec<Field>,
}

impl Form {
    /// The form for submitting a task of `kind`.
    pub(crate) fn of(kind: &KindInfo) -> Self {
        Self {
            payload: payload_fields(&kind.schema, &kind.example),
            options: option_fields(),
        }
    }

    /// The errors that belong to no field of this form.
    pub(crate) fn errors_elsewhere<'a>(&self, errors: &'a [FieldError]) -> Vec<&'a FieldError> {
        errors
            .iter()
            .filter(|error| {
                !self
                    .payload
                    .iter()
                    .chain(&self.options)
                    .any(|field| field.is_meant_by(error))
            })
            .collect()
    }
}
