//! Mutations of integrations.

use async_graphql::{Context, Object, SimpleObject};
use uuid::Uuid;

use super::{
    Integration, IntegrationEventKind, IntegrationStatus, Integrations, Secrets,
    check::{check, claim},
    health::addressed,
    inputs::{
        CreateIntegrationInput, DisableIntegrationInput, EnableIntegrationInput, IntegrationSettingsInput,
        IntegrationSettingsPatch, RemoveIntegrationInput, RotateWebhookTokenInput, TestIntegrationInput,
        UpdateIntegrationInput,
    },
    settings::{self, NewSettings, PatchSettings, Settings},
};
use crate::{
    clinic::{ActingClinic, Clinic},
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::{Maybe, One},
        error::Problems,
        events::{Audience, Event},
        request::service,
        secrets::random,
        write::{Draft, Input, Patch, Stored},
    },
    schema::integrations,
};

/// Result of adding an integration.
#[derive(SimpleObject)]
pub struct CreateIntegrationPayload {
    /// Integration that was added.
    integration: One<Integration>,
    /// Address to enter at the service for its webhooks. It is secret, and shown here once; without a public address of the server
    /// it is a path alone.
    webhook_url: String,
}

/// Result of changing an integration.
#[derive(SimpleObject)]
pub struct UpdateIntegrationPayload {
    /// Integration after the change.
    integration: One<Integration>,
}

/// Result of asking for a test of an integration.
#[derive(SimpleObject)]
pub struct TestIntegrationPayload {
    /// Integration that is being tested; the result is in its status, and `integrationEvents` reports it.
    integration: One<Integration>,
}

/// Result of switching an integration off.
#[derive(SimpleObject)]
pub struct DisableIntegrationPayload {
    /// Integration that is off now.
    integration: One<Integration>,
}

/// Result of switching an integration on.
#[derive(SimpleObject)]
pub struct EnableIntegrationPayload {
    /// Integration that is being tested before it is used.
    integration: One<Integration>,
}

/// Result of removing an integration.
#[derive(SimpleObject)]
pub struct RemoveIntegrationPayload {
    /// Identifier of the integration that was removed.
    removed_integration_id: Id<Integration>,
    /// Clinic that used the service. Null if the integration belonged to the platform.
    clinic: Maybe<Clinic>,
}

/// Result of replacing a webhook address.
#[derive(SimpleObject)]
pub struct RotateWebhookTokenPayload {
    /// Integration with the new address.
    integration: One<Integration>,
    /// New address to enter at the service for its webhooks. It is secret, and shown here once; without a public address of the
    /// server it is a path alone.
    webhook_url: String,
}

#[derive(Debug, Default)]
pub struct IntegrationMutation;

#[Object]
impl IntegrationMutation {
    /// Adds an integration with a service outside; `testIntegration` takes it into use. Needs the permission
    /// `INTEGRATIONS_MANAGE`.
    async fn create_integration(
        &self,
        ctx: &Context<'_>,
        input: Input<CreateIntegrationInput>,
    ) -> Result<CreateIntegrationPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let (input, problems) = input.check()?;
        let owner = owner(scope, input.of_platform, input.clinic_id).await?;
        let of = service::<Integrations>(ctx)?;
        let draft = Integration::new_in(owner).name(input.name);
        let draft = if owner.uuid().is_nil() { draft.only_for(Audience::Platform) } else { draft };
        let nonce = random::<16>()?.to_vec();
        let draft = draft.webhook_nonce(nonce.clone());
        let add = Add { scope, of, draft, problems };
        let draft = match input.settings {
            IntegrationSettingsInput::Sms(new) => add.with("sms", new),
            IntegrationSettingsInput::WhatsApp(new) => add.with("whatsApp", new),
            IntegrationSettingsInput::OscarEmr(new) => add.with("oscarEmr", new),
            IntegrationSettingsInput::CalCom(new) => add.with("calCom", new),
            IntegrationSettingsInput::Vapi(new) => add.with("vapi", new),
            IntegrationSettingsInput::Retell(new) => add.with("retell", new),
            IntegrationSettingsInput::Paystack(new) => add.with("paystack", new),
            IntegrationSettingsInput::Stripe(new) => add.with("stripe", new),
            IntegrationSettingsInput::Video(new) => add.with("video", new),
            IntegrationSettingsInput::LanguageModel(new) => add.with("languageModel", new),
        }?;
        let id = draft.insert(scope, IntegrationEventKind::Added).await?;
        Ok(CreateIntegrationPayload { integration: One::of(id), webhook_url: of.webhook_url(id, &nonce) })
    }

    /// Changes the name, the settings or the secrets of an integration. One that is in use is tested again before it is used with
    /// other settings. Needs the permission `INTEGRATIONS_MANAGE`.
    async fn update_integration(
        &self,
        ctx: &Context<'_>,
        input: Input<UpdateIntegrationInput>,
    ) -> Result<UpdateIntegrationPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let (input, problems) = input.check()?;
        let row = Integration::lock(scope, input.integration_id, input.expected_version).await?;
        let draft = addressed(row.edit().name(input.name), &row);
        let change = Change { scope, of: service::<Integrations>(ctx)?, row: &row, draft, problems };
        let (draft, starts_test) = match input.settings {
            Patch::Absent => {
                change.problems.done()?;
                (change.draft, false)
            }
            Patch::Value(IntegrationSettingsPatch::Sms(patch)) => change.with("sms", patch)?,
            Patch::Value(IntegrationSettingsPatch::WhatsApp(patch)) => change.with("whatsApp", patch)?,
            Patch::Value(IntegrationSettingsPatch::OscarEmr(patch)) => change.with("oscarEmr", patch)?,
            Patch::Value(IntegrationSettingsPatch::CalCom(patch)) => change.with("calCom", patch)?,
            Patch::Value(IntegrationSettingsPatch::Vapi(patch)) => change.with("vapi", patch)?,
            Patch::Value(IntegrationSettingsPatch::Retell(patch)) => change.with("retell", patch)?,
            Patch::Value(IntegrationSettingsPatch::Paystack(patch)) => change.with("paystack", patch)?,
            Patch::Value(IntegrationSettingsPatch::Stripe(patch)) => change.with("stripe", patch)?,
            Patch::Value(IntegrationSettingsPatch::Video(patch)) => change.with("video", patch)?,
            Patch::Value(IntegrationSettingsPatch::LanguageModel(patch)) => change.with("languageModel", patch)?,
        };
        draft.update(scope, IntegrationEventKind::Changed).await?;
        if starts_test {
            check(row.clinic_id, row.id).enqueue(scope).await?;
        }
        Ok(UpdateIntegrationPayload { integration: One::of(row.id) })
    }

    /// Starts a test of an integration, which calls the service. The status of the integration becomes `ACTIVE` or `ERROR`, and
    /// `integrationEvents` reports it. `INVALID_TRANSITION` if it is disabled, `DUPLICATE` if another of its kind is in use,
    /// `INVALID_INPUT` if a secret is missing. Needs the permission `INTEGRATIONS_MANAGE`.
    async fn test_integration(
        &self,
        ctx: &Context<'_>,
        input: Input<TestIntegrationInput>,
    ) -> Result<TestIntegrationPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let input = input.valid()?;
        let row = Integration::lock(scope, input.integration_id, input.expected_version).await?;
        if row.status == IntegrationStatus::Disabled {
            let message = "an integration that is DISABLED cannot be tested; enable it";
            let refused = Error::new(Code::InvalidTransition, message);
            return Err(refused.allowed(vec!["DISCONNECTED".to_owned(), "PENDING".to_owned()]));
        }
        start_test(scope, service::<Integrations>(ctx)?, &row, IntegrationEventKind::TestStarted).await?;
        Ok(TestIntegrationPayload { integration: One::of(row.id) })
    }

    /// Switches an integration off, so that it is not used. Needs the permission `INTEGRATIONS_MANAGE`.
    async fn disable_integration(
        &self,
        ctx: &Context<'_>,
        input: Input<DisableIntegrationInput>,
    ) -> Result<DisableIntegrationPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let input = input.valid()?;
        let row = Integration::lock(scope, input.integration_id, input.expected_version).await?;
        let draft = row.edit().move_to(IntegrationStatus::Disabled, scope.now())?;
        addressed(draft, &row).update(scope, IntegrationEventKind::Disabled).await?;
        Ok(DisableIntegrationPayload { integration: One::of(row.id) })
    }

    /// Switches an integration on that was switched off, and starts a test of it; `INVALID_TRANSITION` if it is not off. Needs the
    /// permission `INTEGRATIONS_MANAGE`.
    async fn enable_integration(
        &self,
        ctx: &Context<'_>,
        input: Input<EnableIntegrationInput>,
    ) -> Result<EnableIntegrationPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let input = input.valid()?;
        let row = Integration::lock(scope, input.integration_id, input.expected_version).await?;
        if row.status != IntegrationStatus::Disabled {
            let message = "only an integration that is DISABLED can be enabled; test this one";
            return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
        }
        start_test(scope, service::<Integrations>(ctx)?, &row, IntegrationEventKind::TestStarted).await?;
        Ok(EnableIntegrationPayload { integration: One::of(row.id) })
    }

    /// Removes an integration and its secrets for good. Needs the permission `INTEGRATIONS_MANAGE`.
    async fn remove_integration(
        &self,
        ctx: &Context<'_>,
        input: Input<RemoveIntegrationInput>,
    ) -> Result<RemoveIntegrationPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let input = input.valid()?;
        let row = Integration::lock(scope, input.integration_id, input.expected_version).await?;
        let of = service::<Integrations>(ctx)?;
        claim(scope, &row, &[]).await?;
        let names: Vec<_> = row.secrets.0.iter().map(|secret| secret.name).collect();
        let before = Secrets::open(of.ring(), &row)?;
        let draft = Secrets::default().draft(addressed(row.edit(), &row), of.ring(), &names, &before, scope.now())?;
        let draft = draft.set(integrations::deleted_at, Some(scope.now()));
        draft.update(scope, IntegrationEventKind::Removed).await?;
        let clinic = Some(row.clinic_id).filter(|clinic| !clinic.uuid().is_nil());
        Ok(RemoveIntegrationPayload { removed_integration_id: row.id, clinic: Maybe::of(clinic) })
    }

    /// Replaces the webhook address of an integration; what comes to the old one is refused from then on. Needs the permission
    /// `INTEGRATIONS_MANAGE`.
    async fn rotate_webhook_token(
        &self,
        ctx: &Context<'_>,
        input: Input<RotateWebhookTokenInput>,
    ) -> Result<RotateWebhookTokenPayload> {
        let scope = ctx.permitted(Permission::IntegrationsManage)?;
        let input = input.valid()?;
        let row = Integration::lock(scope, input.integration_id, input.expected_version).await?;
        let nonce = random::<16>()?.to_vec();
        let draft = row.edit().webhook_nonce(nonce.clone());
        addressed(draft, &row).update(scope, IntegrationEventKind::WebhookRotated).await?;
        let webhook_url = service::<Integrations>(ctx)?.webhook_url(row.id, &nonce);
        Ok(RotateWebhookTokenPayload { integration: One::of(row.id), webhook_url })
    }
}

/// Whose integration it is going to be.
async fn owner(scope: &Scope, of_platform: bool, clinic: Option<Id<Clinic>>) -> Result<Id<Clinic>> {
    if !of_platform {
        return ActingClinic::of(clinic).resolve(scope).await;
    }
    if !scope.actor().is_platform_admin() {
        return Err(Error::forbidden("only administrators of the platform may add an integration of the platform"));
    }
    if clinic.is_some() {
        return Err(Error::invalid("input.clinicId", "cannot be given for an integration of the platform"));
    }
    Ok(Id::from_uuid(Uuid::nil()))
}

/// Refuses an address of the service that only administrators choose.
fn check_address(scope: &Scope, is_set: bool, path: &str) -> Result<()> {
    if is_set && !scope.actor().is_platform_admin() {
        let message = format!("{path}.baseUrl: only administrators of the platform may set the address of the service");
        return Err(Error::forbidden(message));
    }
    Ok(())
}

/// Makes the draft of a new integration.
struct Add<'s> {
    scope: &'s Scope,
    of: &'s Integrations,
    draft: Draft<'static, Integration>,
    problems: Problems,
}

impl Add<'_> {
    fn with<N: NewSettings>(mut self, field: &str, new: N) -> Result<Draft<'static, Integration>> {
        let path = format!("input.settings.{field}");
        let (settings, secrets) = new.split();
        settings.check(&path, &mut self.problems);
        self.problems.done()?;
        check_address(self.scope, settings.custom_address().is_some(), &path)?;
        let draft = self.draft.kind(N::Of::KIND);
        let draft = settings.draft(draft);
        secrets.draft(draft, self.of.ring(), N::Of::SECRETS, &Secrets::default(), self.scope.now())
    }
}

/// Makes the draft of changes to settings and secrets.
struct Change<'s, 'r> {
    scope: &'s Scope,
    of: &'s Integrations,
    row: &'r Integration,
    draft: Draft<'r, Integration>,
    problems: Problems,
}

impl<'r> Change<'_, 'r> {
    /// And whether the integration has to be tested with them.
    fn with<P: PatchSettings>(mut self, field: &str, patch: P) -> Result<(Draft<'r, Integration>, bool)> {
        let path = format!("input.settings.{field}");
        let Some(before) = <P::Of as Settings>::of(self.row) else {
            let message = format!("the integration is of another kind: {}", self.row.kind.noun());
            return Err(Error::invalid(path, message));
        };
        let sets_address = patch.sets_address();
        let (mut settings, secrets_before) = (before.clone(), Secrets::open(self.of.ring(), self.row)?);
        let mut secrets = secrets_before.clone();
        patch.apply(&mut settings, &mut secrets);
        settings.check(&path, &mut self.problems);
        self.problems.done()?;
        check_address(self.scope, sets_address, &path)?;
        let now = self.scope.now();
        let is_complete = secrets.has_all(settings.required());
        let is_changed = settings != *before || secrets != secrets_before;
        let draft = settings.draft(self.draft);
        let draft = secrets.draft(draft, self.of.ring(), P::Of::SECRETS, &secrets_before, now)?;
        let is_used = matches!(
            self.row.status,
            IntegrationStatus::Active | IntegrationStatus::Pending | IntegrationStatus::Error
        );
        if !is_changed || !is_used {
            return Ok((draft, false));
        }
        let status = if is_complete { IntegrationStatus::Pending } else { IntegrationStatus::Disconnected };
        Ok((draft.move_to(status, now)?, is_complete))
    }
}

/// Starts a test. What is in use stays so until the result is there.
async fn start_test(scope: &Scope, of: &Integrations, row: &Integration, event: IntegrationEventKind) -> Result<()> {
    let (secrets, required) = (Secrets::open(of.ring(), row)?, settings::required_secrets(row)?);
    let mut problems = Problems::default();
    for name in required.iter().filter(|name| secrets.get(**name).is_none()) {
        let message = format!("the integration needs the secret {}; set it first", name.text().to_uppercase());
        problems.check(false, "input.integrationId", message);
    }
    problems.done()?;
    if row.status == IntegrationStatus::Active {
        let started = Event::of(event, row.id, Some(row.clinic_id.uuid()));
        let is_platforms = row.clinic_id.uuid().is_nil();
        started.to(if is_platforms { Audience::Platform } else { Audience::Clinic }).push(scope);
    } else {
        let draft = row.edit().move_to(IntegrationStatus::Pending, scope.now())?;
        addressed(draft, row).update(scope, event).await?;
    }
    check(row.clinic_id, row.id).enqueue(scope).await
}
