//! Logos of clinics: written anew, seen by everybody in the clinic, and gone with the next one.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use super::{
    content::objects,
    person::{Sample, png},
};
use crate::harness::{TestApp, code};

/// A JPEG with a place in its metadata.
fn photograph() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 20, image::Rgb([9, 120, 80])).write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    let jpeg = out.into_inner();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"GPS 49.2827 N 123.1207 W");
    let mut segment = vec![0xff, 0xe1];
    segment.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    segment.extend_from_slice(&exif);
    [&jpeg[..2], &segment, &jpeg[2..], b"and something behind the picture"].concat()
}

#[tokio::test]
async fn a_logo_is_written_anew_without_its_metadata() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let sample = Sample { name: "logo.jpg", media_type: "image/jpeg", content: photograph(), ..Sample::logo() };
    let file = manager.upload(&sample).await;

    let read = manager.file(&file, "{ mediaType sizeBytes sha256 url }").await;
    let got = manager.get(read["url"].as_str().unwrap(), &[]).await;
    let body = got.body.clone().unwrap();

    for hidden in [&b"GPS"[..], b"Exif", b"behind the picture"] {
        assert!(sample.content.windows(hidden.len()).any(|window| window == hidden));
        assert!(!body.windows(hidden.len()).any(|window| window == hidden));
    }
    let picture = image::load_from_memory(&body).unwrap();
    assert_eq!((picture.width(), picture.height()), (40, 20));
    assert_eq!((&read["mediaType"], &read["sizeBytes"]), (&json!("image/jpeg"), &json!(body.len())));
    assert_ne!(read["sha256"], json!(sample.sha256()));
    assert_eq!(got.header("content-disposition"), Some("inline; filename=\"logo.jpg\""));
    assert_eq!(got.header("content-security-policy"), Some("sandbox; default-src 'none'"));
}

#[tokio::test]
async fn a_picture_that_would_fill_the_memory_is_refused() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let bomb = Sample { content: png(9000, 9000), ..Sample::logo() };
    assert!(bomb.content.len() < 2 << 20, "{}", bomb.content.len());
    let (_, url) = manager.begin_upload(bomb.input()).await;

    let got = manager.put(&url, bomb.content).await;

    assert_eq!((got.status, got.error().1.as_str()), (422, "the image is larger than 8192 by 8192 pixels"));
    assert_eq!(objects(&app), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_clinic_gets_a_logo_another_one_and_none() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let logo = "{ clinic { version logoFile { id url visibility subject { id } } } }";
    let (first, second) = (manager.upload(&Sample::logo()).await, manager.upload(&Sample::logo()).await);

    let with_first = manager.change("updateClinicLogo", json!({ "fileId": first, "expectedVersion": 1 }), logo).await;
    let stale = manager.refused("updateClinicLogo", json!({ "fileId": second, "expectedVersion": 1 })).await;
    let same = manager.change("updateClinicLogo", json!({ "fileId": first }), logo).await;
    let kept = manager.try_remove_file(&first).await;
    let patient = oak.person(SystemRole::Patient).await;
    let seen = patient.ask("{ clinic { logoFile { id url } } }", json!({})).await["clinic"]["logoFile"].take();
    let got = patient.get(seen["url"].as_str().unwrap(), &[]).await;
    let with_second = manager.change("updateClinicLogo", json!({ "fileId": second }), logo).await;
    let gone = manager.file(&first, "{ id }").await;
    let without = manager.change("removeClinicLogo", json!({}), logo).await;

    let clinic = json!({ "id": oak.api_id() });
    assert_eq!(with_first["clinic"]["logoFile"]["subject"], clinic);
    assert_eq!(with_first["clinic"]["logoFile"]["visibility"], "EVERYBODY");
    assert_eq!(code(&stale), "STALE_OBJECT");
    assert_eq!(same["clinic"]["version"], 2);
    assert_eq!(kept.code().as_deref(), Some("INVALID_TRANSITION"));
    assert_eq!(seen["id"], json!(first));
    assert_eq!(got.status, 200);
    assert_eq!((&with_second["clinic"]["logoFile"]["id"], gone), (&json!(second), Value::Null));
    assert_eq!(without["clinic"]["logoFile"], Value::Null);
    assert_eq!(manager.file(&second, "{ id }").await, Value::Null);
    let events = "select kind from outbox_events where topic = 'clinic' order by id";
    assert_eq!(app.rows(events).await.len(), 3);
    let trail = "select changes from audit_events where resource_type = 'clinic' and operation = 'updateClinicLogo' order by seq limit 1";
    assert!(app.value(trail).await.to_string().contains("logo"), "{}", app.value(trail).await);
}

#[tokio::test]
async fn a_logo_takes_the_permission_and_a_file_for_it() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, staff) = (oak.manager().await, oak.person(SystemRole::Staff).await);
    let attachment = manager.upload(&Sample::text("x")).await;
    let logo = manager.upload(&Sample::logo()).await;

    let wrong = manager.refused("updateClinicLogo", json!({ "fileId": attachment })).await;
    let weak = staff.refused("updateClinicLogo", json!({ "fileId": logo })).await;
    let strange = elm.manager().await.refused("updateClinicLogo", json!({ "fileId": logo })).await;

    assert_eq!(wrong["message"], "input.fileId: must be uploaded for this purpose");
    assert_eq!([code(&weak), code(&strange)], ["FORBIDDEN", "NOT_FOUND"]);
}
