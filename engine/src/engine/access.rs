//! Keys, sessions and the audit log: made, ended, listed, and who a secret belongs to.

use std::net::IpAddr;

use glassworks_protocol::{
    ApiKey, AuditFilter, AuditPage, CreatedKey, FieldError, NewKey, Scope, Session, Timestamp,
};
use uuid::Uuid;

use super::Engine;
use super::answers::{answer, unexpected};
use super::reading::within;
use crate::access::{Caller, Denied, SecretText, checked, listed, new_session};
use crate::error::Error;
use crate::store::{Outcome, Refusal, Write};

/// The most entries on one page of the audit log.
const MOST_ENTRIES: u32 = 200;
/// Entries on a page when none is asked for.
const ENTRIES: u32 = 50;

impl Engine {
    /// Whether nobody has to sign in: there was no key at the start, and none has been made since.
    pub fn is_open(&self) -> bool {
        self.0.access.is_open()
    }

    /// Whoever asks without saying who; `None` when that is nobody, since there are keys.
    pub fn anonymous(&self, from: Option<IpAddr>) -> Option<Caller> {
        self.0.access.anonymous(from)
    }

    /// Whoever has this key. Compared in constant time; never touches the store.
    pub fn key_holder(&self, key: &str, from: Option<IpAddr>) -> Result<Caller, Denied> {
        self.0.access.find(key, false, from, Timestamp::now())
    }

    /// Whoever has this session's token.
    pub fn session_holder(&self, token: &str, from: Option<IpAddr>) -> Result<Caller, Denied> {
        self.0.access.find(token, true, from, Timestamp::now())
    }

    /// Every key, oldest first.
    pub fn keys(&self) -> Vec<ApiKey> {
        self.0.access.keys()
    }

    /// Makes a key. When this returns, it is on the disk and counts. From the first one on everybody
    /// has to sign in.
    pub async fn create_key(&self, new: NewKey) -> Result<CreatedKey, Error> {
        let _turn = self.0.changing.lock().await;
        let (row, secret) = checked(new, self.keys().len())?;
        let key = listed(&row, Timestamp::now());
        match self.commit(Write::SaveKey(Box::new(row))).await? {
            Outcome::KeySaved(Ok(())) => {
                self.read_access().await?;
                Ok(CreatedKey {
                    key,
                    secret: secret.reveal().to_owned(),
                })
            }
            Outcome::KeySaved(Err(Refusal::NameTaken)) => Err(Error::key_name_taken()),
            other => Err(unexpected(&other)),
        }
    }

    /// Revokes a key, with the sessions that were begun with it. When this returns, it is good for
    /// nothing, and what was open with it is told to end.
    pub async fn revoke_key(&self, id: Uuid) -> Result<(), Error> {
        let _turn = self.0.changing.lock().await;
        match self.commit(Write::RevokeKey(id)).await? {
            Outcome::KeyRevoked(Some(_)) => self.read_access().await,
            Outcome::KeyRevoked(None) => Err(Error::NoKey(id)),
            other => Err(unexpected(&other)),
        }
    }

    /// Begins a session for whom this engine acts for, who has a key, and gives its token.
    pub async fn sign_in(&self, user_agent: Option<&str>) -> Result<SecretText, Error> {
        let key = self.1.as_ref().and_then(Caller::key);
        let key =
            key.ok_or_else(|| Error::Forbidden("a session is begun with a key".to_owned()))?;
        let from = self.1.as_ref().and_then(Caller::from);
        let _turn = self.0.changing.lock().await;
        let (row, token, surplus) = new_session(key, from, user_agent, &self.sessions())?;
        for id in surplus {
            self.commit(Write::EndSession(id)).await?;
        }
        match self.commit(Write::SaveSession(Box::new(row))).await? {
            Outcome::SessionSaved => {
                self.read_access().await?;
                Ok(token)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Every session that is not over, oldest first: those of its own key, or all for who may do
    /// everything.
    pub fn sessions(&self) -> Vec<Session> {
        let mut sessions = self.0.access.sessions(Timestamp::now());
        sessions.retain(|session| self.may_end(session));
        sessions
    }

    fn may_end(&self, session: &Session) -> bool {
        let caller = self.1.as_ref();
        caller.is_none_or(|caller| {
            caller.scope() == Scope::Admin || caller.key() == Some(session.key_id)
        })
    }

    /// Ends a session. When this returns, it is good for nothing, and what was open with it is told
    /// to end.
    pub async fn end_session(&self, id: Uuid) -> Result<(), Error> {
        let _turn = self.0.changing.lock().await;
        if !self.sessions().iter().any(|session| session.id == id) {
            return Err(Error::NoSession(id));
        }
        match self.commit(Write::EndSession(id)).await? {
            Outcome::SessionEnded(true) => self.read_access().await,
            Outcome::SessionEnded(false) => Err(Error::NoSession(id)),
            other => Err(unexpected(&other)),
        }
    }

    /// One page of the audit log, newest first: at most `limit` (1 to 200) entries.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<AuditPage, Error> {
        let limit = limit.unwrap_or(ENTRIES);
        within("limit", limit, MOST_ENTRIES)?;
        let before = cursor.map(str::parse).transpose().map_err(|_| {
            let detail = "must be the next_cursor of a page of the same list";
            Error::Invalid(vec![FieldError::new("cursor", detail)])
        })?;
        let found = self.0.store.audit(filter.clone(), before, limit + 1).await;
        let mut entries = answer("audit", found)?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        let last = entries.last().filter(|_| more);
        let next_cursor = last.map(|entry| entry.id.to_string());
        Ok(AuditPage {
            entries,
            next_cursor,
        })
    }

    /// Takes over what the store holds of keys and sessions.
    async fn read_access(&self) -> Result<(), Error> {
        answer("access", self.0.access.read(&*self.0.store).await)
    }
}
