//! Rows of providers in the tests that hold for every table and operation.

use clinigraph::provider::{ProviderStatus, VerificationStatus};

use crate::cases::{ALL, Budget, Cases, Enum, Filling, OF_CLINIC, OPEN, Rights, Table, administrator, manager, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[Table {
    name: "providers",
    grants: "admin s, system siud, tenant s",
    of_clinic: OF_CLINIC,
    tenant: Some(OF_CLINIC),
    admin: ALL,
    insert: "(id, clinic_id, first_name, currency) values (gen_random_uuid(), $clinic, 'New', 'CAD')",
}];

const RIGHTS: &[Rights] = &[
    rights("Query.provider", "query ($provider: ID!) { provider(id: $provider) { id bio clinic { name } } }", OPEN),
    rights(
        "Query.providers",
        "{ providers { totalCount nodes { id bio clinic { name config { care { preferredPharmacyName } } hours { opensAt } closures { nodes { name } } } } } }",
        OPEN,
    ),
];

const BUDGETS: &[Budget] = &[
    manager(
        "Query.provider",
        "query ($provider: ID!) { provider(id: $provider) { firstName consultationFee { amount } } }",
        1,
    ),
    manager(
        "Query.providers",
        "{ providers(first: 100) { nodes { firstName lastName specialties clinic { name } } } }",
        1,
    ),
    administrator("Query.providers", "{ providers { totalCount } }", 1),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "providers_status_check", values: ProviderStatus::TEXTS },
    Enum { constraint: "providers_verification_status_check", values: VerificationStatus::TEXTS },
];

pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into providers (id, clinic_id, user_id, first_name, bio, consultation_fee, currency)
             values (gen_random_uuid(), $clinic, $user, 'Pat', $secret, 100, 'CAD');
             update clinic_configs set default_provider_id = (select id from providers where clinic_id = $clinic)
             where clinic_id = $clinic",
        )
        .await;
}
