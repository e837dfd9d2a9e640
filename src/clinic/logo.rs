//! The logo of a clinic.

use async_graphql::{Context, Object, SimpleObject};

use super::{ActingClinic, Clinic, ClinicEventKind};
use crate::{
    file::{self, File, FilePurpose, FileVisibility},
    input,
    kernel::{
        Id, Permission, RequestOf, Result,
        db::Scope,
        entity::One,
        write::{ExpectedVersion, Input, NoEvent, Stored},
    },
};

input! {
    /// New logo of a clinic.
    UpdateClinicLogoInput {
        clinic_id: ActingClinic,
        /// File with the logo, which the caller has uploaded for the purpose `CLINIC_LOGO`.
        file_id: Id<File>,
        expected_version: ExpectedVersion,
    }
}

/// Result of changing the logo of a clinic.
#[derive(SimpleObject)]
pub struct UpdateClinicLogoPayload {
    /// Clinic with the new logo.
    clinic: One<Clinic>,
}

input! {
    /// Clinic that is going to have no logo.
    RemoveClinicLogoInput {
        clinic_id: ActingClinic,
        expected_version: ExpectedVersion,
    }
}

/// Result of removing the logo of a clinic.
#[derive(SimpleObject)]
pub struct RemoveClinicLogoPayload {
    /// Clinic that has no logo now.
    clinic: One<Clinic>,
}

#[derive(Debug, Default)]
pub struct ClinicLogoMutation;

#[Object]
impl ClinicLogoMutation {
    /// Gives a clinic another logo, which everybody in it sees. The file of the previous logo is removed unless it is under
    /// legal hold. Needs the permission `CLINIC_MANAGE`.
    async fn update_clinic_logo(
        &self,
        ctx: &Context<'_>,
        input: Input<UpdateClinicLogoInput>,
    ) -> Result<UpdateClinicLogoPayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let input = input.valid()?;
        let clinic = Clinic::lock(scope, input.clinic_id.resolve(scope).await?, input.expected_version).await?;
        if clinic.logo_file_id != Some(input.file_id) {
            let owner = (clinic.id, clinic.id);
            let (purpose, visibility) = (FilePurpose::ClinicLogo, FileVisibility::Everybody);
            file::attach(scope, &[input.file_id], purpose, owner, visibility, "input.fileId").await?;
            clinic.edit().logo_file_id(input.file_id).update(scope, ClinicEventKind::LogoChanged).await?;
            remove_previous(scope, &clinic).await?;
        }
        Ok(UpdateClinicLogoPayload { clinic: One::of(clinic.id) })
    }

    /// Removes the logo of a clinic, and its file unless that is under legal hold. Needs the permission `CLINIC_MANAGE`.
    async fn remove_clinic_logo(
        &self,
        ctx: &Context<'_>,
        input: Input<RemoveClinicLogoInput>,
    ) -> Result<RemoveClinicLogoPayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let input = input.valid()?;
        let clinic = Clinic::lock(scope, input.clinic_id.resolve(scope).await?, input.expected_version).await?;
        clinic.edit().logo_file_id(None::<Id<File>>).update(scope, ClinicEventKind::LogoChanged).await?;
        remove_previous(scope, &clinic).await?;
        Ok(RemoveClinicLogoPayload { clinic: One::of(clinic.id) })
    }
}

async fn remove_previous(scope: &Scope, clinic: &Clinic) -> Result<()> {
    let Some(previous) = clinic.logo_file_id else { return Ok(()) };
    match File::find(scope, previous).await? {
        Some(file) if !file.is_held => file.remove(scope, NoEvent).await,
        _ => Ok(()),
    }
}
