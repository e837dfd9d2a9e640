//! The address is checked again at each delivery: a name can have another address then.

use std::{io, net::SocketAddr, sync::Arc};

use clinigraph::{
    kernel::{secrets::KeyRing, services::Services},
    outbound::{Outbound, OutboundOptions, Resolve},
    webhook::Webhooks,
};
use serde_json::json;

use super::hooks;
use crate::harness::{
    KEYS,
    receiver::{Receiver, answers},
};

/// Every name has this address.
struct Always(SocketAddr);

impl Resolve for Always {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: u16,
    ) -> std::pin::Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        let address = self.0;
        Box::pin(async move { Ok(vec![address]) })
    }
}

#[tokio::test]
async fn an_address_that_became_private_is_not_sent_to() {
    let app = hooks().await;
    let receiver = Receiver::new(answers(200)).await;
    let manager = app.clinic("Oak").await.manager().await;
    let hook = manager.create_webhook(&receiver.url("/"), json!({ "eventKinds": ["ticket.opened"] })).await;
    // Stored when it was public.
    app.execute("update webhook_endpoints set url = 'https://hooks.clinic.example/'").await;
    manager.open_ticket("Printer").await;
    app.has_read_all_events().await;
    let ring = Arc::new(KeyRing::parse(KEYS).unwrap());
    let outbound = Outbound::with_resolver(OutboundOptions::default(), Arc::new(Always(receiver.address)));
    let services = Services::default().with(Webhooks::new(outbound, ring));

    assert_eq!(app.dispatcher_with(&services).run_due().await.unwrap(), 1);

    assert!(receiver.received().is_empty());
    let log = manager.deliveries(&hook.id, "{ status attempts { status error } }").await;
    let error = "the address does not belong to the public internet";
    assert_eq!(log, [json!({ "status": "PENDING", "attempts": [{ "status": null, "error": error }] })]);
}
