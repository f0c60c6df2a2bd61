//! Requests that may be sent again: by which keys they are known, and what answered them.

use glassworks_protocol::TaskId;
use uuid::Uuid;

use super::batch::Batch;
use super::fault::Failed;
use crate::store::write::{Accepted, NewRow, Refusal, RequestKey};

impl<'b> Batch<'b> {
    pub(super) async fn submit_once(
        &mut self,
        rows: &'b [NewRow],
        request: &RequestKey,
    ) -> Result<Result<Vec<Accepted>, Refusal>, Failed> {
        if let Some((fingerprint, tasks)) = self.requests.get(&request.key) {
            return Ok(if *fingerprint == request.fingerprint {
                Ok(tasks.iter().copied().map(Accepted::Replayed).collect())
            } else {
                Err(Refusal::KeyReused)
            });
        }
        let submitted = self.submit(rows);
        if let Ok(accepted) = &submitted {
            let ids: Vec<TaskId> = accepted.iter().map(Accepted::id).collect();
            let tasks: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
            let (client, its) = (&self.connected.client, &self.connected.statements);
            let fingerprint = request.fingerprint.to_vec();
            let now = self.now.as_millis();
            client
                .execute(
                    &its.save_request,
                    &[&request.key, &fingerprint, &tasks, &now],
                )
                .await?;
            self.requests
                .insert(request.key.clone(), (fingerprint, ids));
        }
        Ok(submitted)
    }
}
