//! Demo data: the logo of a clinic.

use std::io::Cursor;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use image::{ImageFormat, Rgba, RgbaImage};
use sha2::{Digest, Sha256};

use super::{File, FilePurpose, FileScanStatus, FileVisibility, service::Files};
use crate::{
    access::User,
    clinic::Clinic,
    kernel::{
        Error, Id, Result,
        ids::Kind,
        write::{NoEvent, Stored},
    },
    schema::{clinics, memberships},
};

const SIDE: u32 = 256;
const GROUND: Rgba<u8> = Rgba([15, 118, 110, 255]);
const FIGURE: Rgba<u8> = Rgba([255, 255, 255, 255]);

/// Gives a clinic of the demo a logo, unless it has one.
pub async fn load(files: &Files, slug: &str) -> Result<()> {
    let found = files
        .database()
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let manager = memberships::table
                .inner_join(clinics::table)
                .filter(clinics::slug.eq(slug))
                .filter(clinics::logo_file_id.is_null())
                .filter(memberships::role.eq("clinic_manager"))
                .order(memberships::id)
                .select((clinics::id, memberships::user_id));
            Ok(manager.first::<(Id<Clinic>, Id<User>)>(&mut tx.conn()?).await.optional()?)
        })
        .await?;
    let Some((clinic, manager)) = found else { return Ok(()) };
    let logo = draw()?;
    let mut object = files.write(clinic.uuid()).await?;
    object.push(&logo).await?;
    let object = object.finish().await?;
    files
        .database()
        .as_system(None, async |scope| {
            let file = File::new_in(clinic)
                .created_by_user_id(manager)
                .name("logo.png")
                .purpose(FilePurpose::ClinicLogo)
                .media_type("image/png")
                .size_bytes(i32::try_from(object.size).map_err(Error::internal)?)
                .sha256(Sha256::digest(&logo).to_vec())
                .object_id(object.object)
                .sealed_key(object.sealed_key.clone())
                .visibility(FileVisibility::Everybody)
                .subject_type(Clinic::PREFIX)
                .subject_id(clinic.uuid())
                .scan_status(FileScanStatus::NotScanned);
            let file = file.insert(scope, NoEvent).await?;
            let row = diesel::update(clinics::table.find(clinic)).set(clinics::logo_file_id.eq(file.uuid()));
            row.execute(&mut scope.tx().await?.conn()?).await?;
            Ok(())
        })
        .await
}

/// A cross on a disc.
fn draw() -> Result<Vec<u8>> {
    let middle = i64::from(SIDE) / 2;
    let picture = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
        let (x, y) = ((i64::from(x) - middle).abs(), (i64::from(y) - middle).abs());
        match () {
            () if x * x + y * y > middle * middle => Rgba([0, 0, 0, 0]),
            () if x < 20 && y < 72 || y < 20 && x < 72 => FIGURE,
            () => GROUND,
        }
    });
    let mut out = Vec::new();
    picture.write_to(&mut Cursor::new(&mut out), ImageFormat::Png).map_err(Error::internal)?;
    Ok(out)
}
