//! Each declared kind of notification: its words, and that it is sent for its cause.

use clinigraph::{
    graphql::notices,
    notification::{NoticeKind, NotificationChannel, NotificationKind, NotificationLanguage},
};
use serde_json::json;

use crate::{
    cases::{assert_complete, causes},
    harness::TestApp,
};

/// The names in braces of a text.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

fn texts(kind: &NoticeKind, channel: NotificationChannel) -> Vec<String> {
    let both = NotificationLanguage::ALL.into_iter().flat_map(|language| {
        let (subject, text) = kind.texts(channel, language);
        [subject.unwrap_or("-").to_owned(), text.to_owned()]
    });
    both.collect()
}

#[test]
fn every_kind_is_declared_once() {
    let declared = notices().all().map(|kind| kind.kind.text()).collect::<Vec<_>>();

    let mut wanted = NotificationKind::TEXTS.to_vec();
    wanted.sort_unstable();
    let mut sorted = declared.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted);
}

#[test]
fn texts_have_only_placeholders_that_may_leave_the_application() {
    let channels = NotificationChannel::OUTSIDE.into_iter().chain([NotificationChannel::InApp]);
    for (kind, channel) in
        channels.flat_map(|channel| notices().all().map(move |kind| (kind, channel)).collect::<Vec<_>>())
    {
        let known: Vec<_> = kind.placeholders_on(channel).map(|known| known.name).collect();
        for text in texts(kind, channel) {
            let unknown: Vec<_> = placeholders(&text).into_iter().filter(|name| !known.contains(name)).collect();
            assert_eq!(unknown, Vec::<&str>::new(), "{:?} {channel:?} {text}", kind.kind);
            assert!(!text.trim().is_empty(), "{:?} {channel:?}", kind.kind);
        }
    }
}

#[test]
fn languages_say_the_same_with_the_same_placeholders() {
    for kind in notices().all() {
        for words in [&kind.title, &kind.body, &kind.subject, &kind.text, &kind.short] {
            let sorted = |text| {
                let mut names = placeholders(text);
                names.sort_unstable();
                names
            };
            for text in words {
                assert_eq!(sorted(text), sorted(words[0]), "{:?}: {text}", kind.kind);
            }
        }
        for short in kind.short {
            let length = short.chars().count();
            assert!(length <= 110, "{:?}: {short} is too long for a text message with a link", kind.kind);
        }
    }
}

#[tokio::test]
async fn every_kind_is_sent_for_its_cause_and_filled_in() {
    assert_complete(
        "kind of notification",
        "CAUSES",
        NotificationKind::TEXTS.iter().map(|text| (*text).to_owned()),
        causes().map(|(kind, _)| kind.text().to_owned()),
    );
    for (kind, cause) in causes() {
        let app = TestApp::sending().await;
        app.clinic("Oak").await;

        cause(&app).await;
        app.verify_everybody().await;
        app.work().await;

        let kind = notices().of(kind).unwrap();
        let rows =
            app.rows(&format!("select title, body, data from notifications where kind = '{}'", kind.kind.text())).await;
        assert!(!rows.is_empty(), "{:?} was not sent", kind.kind);
        for row in &rows {
            let (title, body) = (row["title"].as_str().unwrap(), row["body"].as_str().unwrap());
            assert!(placeholders(title).is_empty() && placeholders(body).is_empty() && !title.is_empty(), "{row}");
            let values = row["data"].as_object().unwrap();
            let mut names: Vec<_> = values.keys().map(String::as_str).collect();
            names.sort_unstable();
            let mut wanted: Vec<_> = kind.placeholders.iter().map(|known| known.name).collect();
            wanted.sort_unstable();
            assert_eq!(names, wanted, "{:?} has a value for each placeholder", kind.kind);
        }
        if kind.channels.contains(&NotificationChannel::Email) {
            let sent = format!(
                "select count(*) from notification_deliveries d join notifications n on n.id = d.notification_id
                 where n.kind = '{}' and d.channel = 'email' and d.status = 'sent'",
                kind.kind.text()
            );
            assert_ne!(app.value(&sent).await, json!(0), "{:?} was not sent by e-mail", kind.kind);
        }
    }
}
