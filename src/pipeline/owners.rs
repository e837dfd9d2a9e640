//! Queries that run for somebody who has not sent them, with the rights that they have then: those of webhook endpoints. They
//! take the way of all queries, with the same limits and the same places among the connections of the clinic. They cost their
//! owner nothing of their rate, as the owner does not decide how often they run.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Weak},
};

use async_graphql::parser::types::OperationType;
use serde_json::{Map, Value, json};

use super::{
    Parts,
    admit::{Asked, Job},
    document::{Document, Refused},
};
use crate::{
    kernel::{
        Actor, Code, Error, Result,
        actor::{Origin, Person},
    },
    server::contract::{Incoming, Transport},
    webhook::{OwnersQueries, Pending},
};

/// Runs the queries of owners, as long as the pipeline exists.
pub(super) struct Owners(pub Weak<Parts>);

impl Owners {
    fn parts(&self) -> Result<Arc<Parts>> {
        self.0.upgrade().ok_or_else(|| Error::unavailable("the pipeline has ended"))
    }
}

impl OwnersQueries for Owners {
    fn check<'a>(&'a self, query: &'a str) -> Pending<'a, Result<(), String>> {
        Box::pin(async move {
            let parts = self.parts().map_err(|error| error.message().to_owned())?;
            // Whatever the kind of the id: only its form is looked at.
            match parts.owners_query(query, "ticket_00000000000000000000000000").await {
                Ok(_) => Ok(()),
                Err(refused) => Err(reason(&refused)),
            }
        })
    }

    fn run<'a>(
        &'a self,
        person: Arc<Person>,
        query: &'a str,
        subject_id: String,
        request_id: String,
    ) -> Pending<'a, Result<Map<String, Value>>> {
        Box::pin(async move {
            let parts = self.parts()?;
            let asked = parts.owners_query(query, &subject_id).await;
            let asked = asked.map_err(|refused| match refused {
                Refused::Error(error) => error,
                // It was valid when it was stored: the schema has changed since.
                refused => Error::new(Code::ValidationFailed, reason(&refused)),
            })?;
            let origin = Origin { request_id, address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), agent: None };
            let job = Job::of(asked, Actor::Person(person), origin);
            let answer = parts.execute(job).await?;
            let mut answer: Map<String, Value> = serde_json::from_slice(&answer.body).map_err(Error::internal)?;
            answer.retain(|key, _| key != "extensions");
            match unavailable(&answer) {
                Some(error) => Err(error),
                None => Ok(answer),
            }
        })
    }
}

/// Why an answer is not one: the database could not be reached for a moment.
fn unavailable(answer: &Map<String, Value>) -> Option<Error> {
    let errors = answer.get("errors")?.as_array()?;
    let codes = errors.iter().filter_map(|error| error.pointer("/extensions/code")?.as_str());
    let is_momentary = |code: &str| [Code::Unavailable, Code::RateLimited].iter().any(|known| known.as_str() == code);
    codes.into_iter().any(is_momentary).then(|| Error::unavailable("the query could not be read"))
}

/// The reason of a refusal, for the field of a form.
fn reason(refused: &Refused) -> String {
    match refused {
        Refused::Error(error) => error.message().to_owned(),
        Refused::Invalid(errors) | Refused::Subscription(errors) => {
            let messages: Vec<_> = errors.iter().take(3).map(|error| error.message.as_str()).collect();
            format!("is not a valid query: {}", messages.join("; "))
        }
        Refused::MutationByGet => "must be a query".to_owned(),
    }
}

impl Parts {
    /// Reads a query of an owner, with the id that it is going to run for.
    async fn owners_query(&self, query: &str, id: &str) -> Result<Asked, Refused> {
        let document = self.documents.read(query, &self.settings.limits, &self.types).await?;
        require_one_id(&document)?;
        let variables = json!({ "id": id }).as_object().cloned();
        let incoming = Incoming { variables, ..Incoming::default() };
        let asked = self.asked(&document, query, incoming, Transport::HttpPost)?;
        if asked.roots().any(|name| name.starts_with("__") && name != "__typename") {
            return Err(refused("must not read the schema"));
        }
        Ok(asked)
    }
}

fn refused(message: &str) -> Refused {
    Error::new(Code::ValidationFailed, message).into()
}

/// The document must be one query with the variable `$id: ID!` alone.
fn require_one_id(document: &Document) -> Result<(), Refused> {
    let operation = document.operation(None)?.definition()?;
    if operation.node.ty != OperationType::Query {
        return Err(refused("must be a query, and neither a mutation nor a subscription"));
    }
    let [only] = operation.node.variable_definitions.as_slice() else {
        return Err(refused("must have one variable, `$id: ID!`"));
    };
    let is_id = only.node.name.node == "id" && only.node.var_type.node.to_string() == "ID!";
    if is_id { Ok(()) } else { Err(refused("must have one variable, `$id: ID!`")) }
}
