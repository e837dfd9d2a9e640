//! The integration that is in use in a clinic.

use diesel::{
    sql_query,
    sql_types::{Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Integration, Integrations, Secrets, Settings};
use crate::{
    clinic::Clinic,
    kernel::{Code, Error, Id, Result, db::Scope, write::Stored},
};

/// An integration that works, with its settings and opened secrets.
#[derive(Debug, Clone)]
pub struct Active<S> {
    pub id: Id<Integration>,
    /// Whether it is the platform's, since the clinic has none of its own.
    pub is_of_platform: bool,
    pub settings: S,
    pub secrets: Secrets,
    pub(super) webhook_nonce: Vec<u8>,
}

impl Integrations {
    /// The integration of a kind that is in use in a clinic: the clinic's own, or else the platform's. People of a clinic do not see
    /// the platform's, so this is for jobs and for the server itself.
    pub async fn active<S: Settings>(&self, scope: &Scope, clinic: Id<Clinic>) -> Result<Option<Active<S>>> {
        let columns = Integration::COLUMNS.join(", ");
        // The platform's clinic is the smallest.
        let query = sql_query(format!(
            "select {columns} from integrations
             where clinic_id in ($1, $2) and kind = $3 and status = 'active' and deleted_at is null
             order by clinic_id desc limit 1"
        ));
        let query = query.bind::<SqlUuid, _>(clinic.uuid()).bind::<SqlUuid, _>(Uuid::nil());
        let found: Vec<Integration> =
            query.bind::<Text, _>(S::KIND.text()).load(&mut scope.tx().await?.conn()?).await?;
        found.into_iter().next().map(|row| self.opened(&row)).transpose()
    }

    /// The same, or `INTEGRATION_NOT_CONFIGURED`.
    pub async fn require<S: Settings>(&self, scope: &Scope, clinic: Id<Clinic>) -> Result<Active<S>> {
        self.active(scope, clinic).await?.ok_or_else(|| {
            let noun = S::KIND.noun();
            let message =
                format!("no working integration for {noun} is set up; please ask the clinic's manager to set one up");
            Error::new(Code::IntegrationNotConfigured, message)
        })
    }

    /// An integration with its settings and secrets, whatever its status.
    pub(super) fn opened<S: Settings>(&self, row: &Integration) -> Result<Active<S>> {
        Ok(Active {
            id: row.id,
            is_of_platform: row.clinic_id.uuid().is_nil(),
            settings: S::of(row).cloned().ok_or_else(|| super::settings::missing(row))?,
            secrets: Secrets::open(self.ring(), row)?,
            webhook_nonce: row.webhook_nonce.clone(),
        })
    }

    /// The address to which the service reports what becomes of a message; none if the operator has not said how this server is
    /// reached.
    pub(super) fn callback<S>(&self, of: &Active<S>, reference: &str) -> Option<String> {
        self.public_url()?;
        Some(format!("{}?ref={reference}", self.webhook_url(of.id, &of.webhook_nonce)))
    }
}
