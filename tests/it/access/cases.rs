//! Rows of users, memberships and sessions in the tests that hold for every table and operation.

use clinigraph::{
    access::{MembershipStatus, UserStatus},
    kernel::actor::SystemRole,
};

use crate::cases::{ALL, Budget, Cases, Enum, Filling, OF_CLINIC, OF_ITS_PEOPLE, OPEN, Rights, Table, manager, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[
    Table {
        name: "memberships",
        grants: "admin siu, system siud, tenant s",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, user_id, role) values (gen_random_uuid(), $clinic, $stranger, 'clinic_manager')",
    },
    Table {
        name: "sessions",
        grants: "system siud",
        of_clinic: "acting_clinic_id = $clinic",
        tenant: None,
        admin: None,
        insert: "(id, user_id, token_hash, acting_clinic_id, expires_at) values (gen_random_uuid(), $stranger, sha256('new'), $clinic, now())",
    },
    Table {
        name: "sign_in_attempts",
        grants: "system siud",
        // Rows are of no clinic; these stand for attempts at its people.
        of_clinic: "key = sha256(convert_to($clinic::text, 'utf8'))",
        tenant: None,
        admin: None,
        insert: "(key, expires_at) values (sha256(gen_random_uuid()::text::bytea), now())",
    },
    Table {
        name: "user_sign_ins",
        grants: "system siu",
        of_clinic: OF_ITS_PEOPLE,
        tenant: None,
        admin: None,
        insert: "(user_id) values ($user) on conflict (user_id) do update set last_login_at = now()",
    },
    Table {
        name: "users",
        grants: "admin (s), system siud, tenant (s)",
        of_clinic: "id in (select user_id from memberships where clinic_id = $clinic)",
        tenant: Some(
            "is_platform_admin or id = $user or id in (select user_id from memberships where clinic_id = $clinic)",
        ),
        admin: ALL,
        insert: "(id, email, first_name) values (gen_random_uuid(), 'new@people.example', 'New')",
    },
];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.viewer",
        "{ viewer { user { id email } actingClinic { id name } role permissions memberships { clinic { id } } } }",
        ["-", "-", "-", "-"],
    ),
    rights(
        "Mutation.signIn",
        "mutation { signIn(input: { email: \"nobody@people.example\", password: \"x\" }) { token } }",
        ["INVALID_CREDENTIALS"; 4],
    ),
    rights("Mutation.signOut", "mutation { signOut { signedOut } }", OPEN),
    rights(
        "Mutation.switchClinic",
        "mutation ($clinic: ID!) { switchClinic(input: { clinicId: $clinic }) { viewer { actingClinic { id name } } } }",
        ["UNAUTHENTICATED", "NOT_FOUND", "-", "-"],
    ),
];

const BUDGETS: &[Budget] = &[
    manager("Query.viewer", "{ viewer { role permissions } }", 0),
    manager("Query.viewer", "{ viewer { user { displayName } actingClinic { name } } }", 2),
    manager("Query.viewer", "{ viewer { memberships { clinic { name } } } }", 0),
    manager("Query.viewer", "{ viewer { unreadNotificationCount } }", 1),
    manager(
        "Mutation.switchClinic",
        "mutation ($clinic: ID!) { switchClinic(input: { clinicId: $clinic }) { viewer { role } } }",
        0,
    ),
    manager(
        "Mutation.signIn",
        "mutation { signIn(input: { email: \"mei@harbour.example\", password: \"clinigraph demo\" }) { expiresAt viewer { role } } }",
        0,
    ),
    manager("Mutation.signOut", "mutation { signOut { signedOut } }", 0),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "memberships_role_check", values: SystemRole::TEXTS },
    Enum { constraint: "memberships_status_check", values: MembershipStatus::TEXTS },
    Enum { constraint: "users_status_check", values: UserStatus::TEXTS },
];

pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into user_sign_ins (user_id) values ($user);
             insert into sign_in_attempts (key, expires_at) values (sha256(convert_to($clinic::text, 'utf8')), now());
             update memberships set invited_by_user_id = $administrator where clinic_id = $clinic",
        )
        .await;
}
