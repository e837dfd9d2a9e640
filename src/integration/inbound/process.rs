//! Processing a webhook, as a job: its parts go to the handlers that want them, each part once.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Arrived, InboundHandlers, InboundWebhook, InboundWebhookStatus, Part, Received, receive::place};
use crate::{
    clinic::Clinic,
    integration::{Integration, Integrations, reference},
    job,
    jobs::{NewJob, Priority, Rules, Running, Work},
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        write::{NoEvent, Stored},
    },
};

/// Characters that are stored of an error and of the key of a part.
const LONGEST_ERROR: usize = 1000;
const LONGEST_KEY: usize = 300;

job! {
    /// Processes a webhook that came in.
    Process "inbound_webhook_process" { webhook_id: Id<InboundWebhook> }
}

/// The job that processes a webhook.
pub fn process(clinic: Id<Clinic>, webhook_id: Id<InboundWebhook>) -> NewJob {
    let process = Process { webhook_id };
    let job = if clinic.uuid().is_nil() { process.of_platform() } else { process.in_clinic(clinic) };
    job.unless_waiting(webhook_id.to_string())
}

impl Work for Process {
    const RULES: Rules = Rules { attempts: 6, priority: Priority::High, ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        let processed = self.process(&job).await;
        let Err(error) = processed else { return Ok(()) };
        // The last attempt ends the job: who looks for what went wrong finds it in the list of webhooks, and can replay it there.
        let is_last = job.attempt() >= Self::RULES.attempts;
        let text = format!("{}: {}", error.code().as_str(), error.message());
        let note = async |scope: &Scope| {
            let status = if is_last { InboundWebhookStatus::Failed } else { InboundWebhookStatus::Received };
            note(scope, self.webhook_id, status, Some(&text)).await
        };
        if !is_last {
            job.before(note).await?;
            return Err(error);
        }
        tracing::error!(webhook = %self.webhook_id, %error, cause = ?error.cause(), "a webhook could not be processed");
        job.finish(note).await
    }
}

impl Process {
    async fn process(&self, job: &Running) -> Result<()> {
        let integrations = job.service::<Integrations>()?;
        let handlers = job.service::<InboundHandlers>()?;
        let found = job
            .before(async |scope| {
                let Some(webhook) = InboundWebhook::find(scope, self.webhook_id).await? else { return Ok(None) };
                let integration = Integration::find(scope, webhook.integration_id).await?;
                Ok(integration.map(|integration| (webhook, integration)))
            })
            .await?;
        // The integration was removed, and nobody waits for what came in by it.
        let Some((webhook, integration)) = found else {
            let ignored = InboundWebhookStatus::Ignored;
            return job.finish(async |scope| note(scope, self.webhook_id, ignored, None).await).await;
        };
        let id = webhook.id.uuid().to_string();
        let arrived = Arrived {
            event_id: webhook.event_id.clone(),
            event_type: webhook.event_type.clone(),
            query: webhook.query.clone(),
            body: integrations.ring().open(place(&id), &webhook.body_enc)?,
        };
        let parts = match integrations.parse(&integration, &arrived)? {
            Ok(parts) => parts,
            // It will not become readable.
            Err(problem) => {
                let failed = InboundWebhookStatus::Failed;
                return job.finish(async |scope| note(scope, webhook.id, failed, Some(&problem)).await).await;
            }
        };
        job.finish(async |scope| {
            let Some(webhook) = locked(scope, webhook.id).await? else { return Ok(()) };
            if webhook.status == InboundWebhookStatus::Processed {
                return Ok(());
            }
            let mut is_wanted = false;
            for part in parts {
                is_wanted |= dispatch(scope, integrations, handlers, &integration, part).await?;
            }
            let status = if is_wanted { InboundWebhookStatus::Processed } else { InboundWebhookStatus::Ignored };
            note(scope, webhook.id, status, None).await
        })
        .await
    }
}

/// The webhook, locked; none if it is gone.
async fn locked(scope: &Scope, id: Id<InboundWebhook>) -> Result<Option<InboundWebhook>> {
    match InboundWebhook::lock(scope, id, None).await {
        Ok(webhook) => Ok(Some(webhook)),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes what became of an attempt.
async fn note(scope: &Scope, id: Id<InboundWebhook>, status: InboundWebhookStatus, error: Option<&str>) -> Result<()> {
    let Some(webhook) = locked(scope, id).await? else { return Ok(()) };
    let error: Option<String> = error.map(|error| error.chars().take(LONGEST_ERROR).collect());
    let is_done = matches!(status, InboundWebhookStatus::Processed | InboundWebhookStatus::Ignored);
    let draft = webhook.edit().status(status).attempts(webhook.attempts + 1).error(error);
    draft.processed_at(is_done.then(|| scope.now())).update(scope, NoEvent).await.map(drop)
}

/// Gives a part to the handlers that want it, unless it was given to them before; false if none does.
async fn dispatch(
    scope: &Scope,
    integrations: &Integrations,
    handlers: &InboundHandlers,
    row: &Integration,
    part: Part,
) -> Result<bool> {
    let wanting: Vec<_> = handlers.0.iter().filter(|handler| (handler.wants)(&part.content)).collect();
    if wanting.is_empty() {
        return Ok(false);
    }
    let key: String = part.key.replace('\0', "").chars().take(LONGEST_KEY).collect();
    let own = row.clinic_id.uuid();
    let is_new = sql_query(
        "insert into private.inbound_parts (clinic_id, integration_id, key) values ($1, $2, $3) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(own)
    .bind::<SqlUuid, _>(row.id.uuid())
    .bind::<Text, _>(key)
    .execute(&mut scope.tx().await?.conn()?)
    .await?;
    if is_new == 0 {
        return Ok(true);
    }
    let named = part.reference.as_deref().and_then(|text| reference::read(integrations.ring(), text));
    let clinic = match (own.is_nil(), named) {
        (false, _) => Some(own),
        (true, Some((clinic, _))) => Some(clinic),
        (true, None) => owner(scope, row, part.channel.as_deref()).await?,
    };
    // What a clinic was sent about a message of another is not about that message.
    let reference = named.filter(|(of, _)| Some(*of) == clinic).map(|(_, id)| id);
    let received = Received {
        integration: row.id,
        kind: row.kind,
        clinic: clinic.map(Id::from_uuid),
        reference,
        content: part.content,
    };
    for handler in wanting {
        (handler.handle)(scope, &received).await?;
    }
    Ok(true)
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = SqlUuid)]
    owner_clinic_id: Uuid,
}

/// The clinic that has a channel of the platform's service.
async fn owner(scope: &Scope, row: &Integration, channel: Option<&str>) -> Result<Option<Uuid>> {
    let Some(channel) = channel else { return Ok(None) };
    let found: Vec<Owner> =
        sql_query("select owner_clinic_id from private.integration_channels where kind = $1 and channel = $2")
            .bind::<Text, _>(row.kind.text())
            .bind::<Text, _>(channel)
            .load(&mut scope.tx().await?.conn()?)
            .await
            .map_err(Error::from)?;
    Ok(found.into_iter().map(|owner| owner.owner_clinic_id).find(|clinic| !clinic.is_nil()))
}
