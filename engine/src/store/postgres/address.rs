//! Where a PostgreSQL database is, from its URL.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long making a connection may take, in each of its steps.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged before the connection counts as lost.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

/// Where a PostgreSQL database is: `postgres://user:password@host:port/name?sslmode=...`. It never
/// shows its password.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
    url: String,
}

/// Whose certificate a server may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Anybody's: what is sent is encrypted, where the server can, and no more is promised.
    Anybody,
    /// One for its name, of an authority that this system trusts.
    System,
    /// One for its name, of an authority in this file.
    File(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    /// What is wrong is said without the URL itself: it may have a password.
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut mode = "prefer".to_owned();
        let mut root_cert = None;
        let mut others = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => value.clone_into(&mut mode),
                Some(("sslrootcert", value)) if value != "system" => {
                    root_cert = Some(PathBuf::from(value));
                }
                Some(("sslrootcert", _)) => {}
                _ => others.push(parameter),
            }
        }
        let mut plain = address.to_owned();
        if !others.is_empty() {
            let _ = write!(plain, "?{}", others.join("&"));
        }
        let mut config: Config = plain.parse().map_err(|_| {
            "it does not read as postgres://user:password@host:port/name".to_owned()
        })?;
        let verified = root_cert.map_or(Trust::System, Trust::File);
        let (ssl_mode, trust) = match mode.as_str() {
            "disable" => (SslMode::Disable, Trust::Anybody),
            "prefer" | "allow" => (SslMode::Prefer, Trust::Anybody),
            "require" => (SslMode::Require, Trust::Anybody),
            "verify-full" => (SslMode::Require, verified),
            _ => {
                return Err(
                    "its sslmode must be disable, prefer, require or verify-full".to_owned(),
                );
            }
        };
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        config.ssl_mode(ssl_mode);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTS_WITHIN);
        }
        config.tcp_user_timeout(ACKNOWLEDGED_WITHIN);
        config.keepalives_idle(ACKNOWLEDGED_WITHIN);
        if config.get_application_name().is_none() {
            config.application_name("glassworks");
        }
        Ok(Self {
            config,
            trust,
            url: url.to_owned(),
        })
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Address {}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{}", folder.display())?,
            }
            if let Some(port) = ports.get(index).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio_postgres::config::SslMode;

    use super::{Address, Trust};

    fn read(url: &str) -> Result<Address, String> {
        url.parse()
    }

    #[test]
    fn a_password_is_never_shown() {
        let address = read("postgres://me:s3cret@db:5433/tasks?sslmode=require").unwrap();
        assert_eq!(address.to_string(), "postgres://me@db:5433/tasks");
        assert!(!format!("{address:?}").contains("s3cret"));
        for wrong in [
            "postgres://me:s3cret@db:port/tasks",
            "postgres://me:s3cret@db/tasks?sslmode=maybe",
            "postgres://me:s3cret@db/tasks?nothing=s3cret",
            "postgres:///tasks",
        ] {
            let said = read(wrong).unwrap_err();
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn a_certificate_is_asked_for_as_the_mode_says() {
        let mode = |query: &str| {
            let address = read(&format!("postgres://db/tasks{query}")).unwrap();
            (address.config.get_ssl_mode(), address.trust)
        };
        assert_eq!(mode(""), (SslMode::Prefer, Trust::Anybody));
        assert_eq!(mode("?sslmode=disable"), (SslMode::Disable, Trust::Anybody));
        assert_eq!(mode("?sslmode=require"), (SslMode::Require, Trust::Anybody));
        assert_eq!(
            mode("?sslmode=verify-full"),
            (SslMode::Require, Trust::System)
        );
        assert_eq!(
            mode("?application_name=x&sslmode=verify-full&sslrootcert=/etc/ca.pem"),
            (SslMode::Require, Trust::File(PathBuf::from("/etc/ca.pem")))
        );
    }
}
