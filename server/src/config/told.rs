//! What of the configuration may be told: what is in force, and no secrets.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Config, LogFormat};

/// One setting that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Setting {
    /// Its name, as in the configuration file.
    #[schema(example = "workers")]
    pub name: &'static str,
    /// Its value in words: a list is separated by commas, and what is not set is empty.
    #[schema(example = "100")]
    pub value: String,
}

impl Config {
    /// The settings in force. Of what could hold a secret only its name is told: programs, their
    /// environments, the operator's key; and a database's address without its password.
    pub fn told(&self) -> Vec<Setting> {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        let names = |names: Vec<String>| names.join(", ");
        let setting = |name, value| Setting { name, value };
        let upstreams = self.allowed_upstreams.iter().map(ToString::to_string);
        let key = self.admin_key_file.as_ref().map(|_| "set");
        let format = match self.log_format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        vec![
            setting("listen", self.listen.to_string()),
            setting("database", self.database.to_string()),
            setting("workers", self.workers.to_string()),
            setting("serve_queues", names(self.serve_queues.clone())),
            setting("memory_budget", format!("{} MiB", self.memory_budget)),
            setting("allowed_hosts", names(self.allowed_hosts.clone())),
            setting("allowed_upstreams", names(upstreams.collect())),
            setting("lab", switch(self.lab().is_some())),
            setting("lab_runs", self.lab_runs.to_string()),
            setting("log_format", format.to_owned()),
            setting(
                "allow_unauthenticated_remote_access",
                switch(self.allow_unauthenticated_remote_access),
            ),
            setting("admin_key_file", key.unwrap_or_default().to_owned()),
            setting("public_metrics", switch(self.public_metrics)),
            setting("queues", names(self.queues.keys().cloned().collect())),
            setting("kinds", names(self.kinds.keys().cloned().collect())),
            setting("commands", names(self.commands.keys().cloned().collect())),
        ]
    }
}
