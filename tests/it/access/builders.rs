//! Users, memberships and sessions.

use clinigraph::{
    access::{Membership, User, UserStatus, token_hash},
    clinic::Clinic,
    kernel::{
        Id,
        actor::SystemRole,
        write::{NoEvent, Stored},
    },
    schema::{memberships, sessions, users},
};
use diesel::{ExpressionMethods, insert_into};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp},
};

impl TestApp {
    /// A platform administrator, signed in.
    pub async fn administrator(&self) -> Person {
        let user = self.user("Ada", true).await;
        self.signed_in(user, None).await
    }

    /// An active user without a membership.
    pub async fn user(&self, first_name: &str, is_platform_admin: bool) -> Uuid {
        let user = User::new_row()
            .set(users::email, format!("{}-{}@people.example", first_name.to_lowercase(), self.next()))
            .first_name(first_name)
            .last_name("Tester")
            .status(UserStatus::Active)
            .is_platform_admin(is_platform_admin);
        self.as_system(async |scope| user.insert(scope, NoEvent).await).await.uuid()
    }

    /// A session for a user, acting in a clinic.
    pub async fn signed_in(&self, user: Uuid, clinic: Option<Uuid>) -> Person {
        let token = format!("test_{}", Uuid::now_v7());
        let expires = self.clock.now() + chrono::TimeDelta::days(1);
        self.as_system(async |scope| {
            let tx = scope.tx().await?;
            let session = (
                sessions::id.eq(Uuid::now_v7()),
                sessions::user_id.eq(user),
                sessions::token_hash.eq(token_hash(&token).to_vec()),
                sessions::acting_clinic_id.eq(clinic),
                sessions::expires_at.eq(expires),
            );
            insert_into(sessions::table).values(session).execute(&mut tx.conn()?).await?;
            Ok(())
        })
        .await;
        Person::new(self.address, Some(token), user)
    }
}

impl TestClinic<'_> {
    /// A new user who belongs to the clinic, signed in.
    pub async fn person(&self, role: SystemRole) -> Person {
        let user = self.app.user(&format!("{role:?}"), false).await;
        self.join(user, role).await;
        self.app.signed_in(user, Some(self.id)).await
    }

    /// A new manager of the clinic, signed in.
    pub async fn manager(&self) -> Person {
        self.person(SystemRole::ClinicManager).await
    }

    /// Makes a user belong to the clinic.
    pub async fn join(&self, user: Uuid, role: SystemRole) {
        let membership =
            Membership::new_in(Id::<Clinic>::from_uuid(self.id)).set(memberships::user_id, user).role(role);
        self.app.as_system(async |scope| membership.insert(scope, NoEvent).await).await;
    }
}
