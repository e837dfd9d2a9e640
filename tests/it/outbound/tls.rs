//! The certificate is checked for the name, not for the address that the name has.

use std::sync::Arc;

use clinigraph::outbound::{Outbound, OutboundOptions, Reply, Unsent};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{Names, get};
use crate::harness::receiver::Receiver;

/// Asks a server whose certificate is for `of`, under the name `clinic.example`.
async fn asked(of: &str, is_trusted: bool) -> (Result<Reply, Unsent>, Vec<crate::harness::receiver::Received>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![of.to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    let receiver = Receiver::encrypted(certificate, &own).await;
    let (near, port) = (receiver.address.to_string(), receiver.address.port());
    let names = Names::of("clinic.example", &[&[&near]]);
    let options = OutboundOptions {
        allows_private: true,
        authorities: if is_trusted { vec![authority.der().clone()] } else { Vec::new() },
        ..OutboundOptions::default()
    };
    let outbound = Outbound::with_resolver(options, names as Arc<_>);
    (get(&outbound, &format!("https://clinic.example:{port}/")).await, receiver.received())
}

#[tokio::test]
async fn a_server_with_a_certificate_for_the_name_is_asked() {
    let (reply, received) = asked("clinic.example", true).await;

    assert_eq!(reply.unwrap().status, 200);
    assert!(received[0].header("host").unwrap().starts_with("clinic.example:"));
}

#[tokio::test]
async fn a_server_with_another_certificate_is_not_asked() {
    let (elsewhere, received) = asked("elsewhere.example", true).await;
    assert_eq!(elsewhere.unwrap_err(), Unsent::TlsFailed("the certificate of the server is for another name"));
    assert!(received.is_empty());

    let (untrusted, received) = asked("clinic.example", false).await;
    let wanted = "the certificate of the server is of an authority that is not trusted";
    assert_eq!(untrusted.unwrap_err(), Unsent::TlsFailed(wanted));
    assert!(received.is_empty());
}
