//! `Query.server`: what programs can read about this server, its version, limits and error codes, so that no client has to
//! repeat them.

use async_graphql::{Context, Object, SimpleObject};

use crate::kernel::{
    Result,
    error::{Code, CodeInfo, Family, Retry},
    rate::{OperationRates, Rate, RateSubject},
    request::service,
};

/// What callers who are not signed in may read here.
pub const RATES: [OperationRates; 1] = [OperationRates::anonymous("server", &[])];

/// Limits of this server. A request beyond one is refused with a code and, in `extensions.limit`, the number allowed.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServerLimits {
    /// Bytes that the body of a request may have.
    pub body_bytes: i32,
    /// Bytes that a document may have.
    pub document_bytes: i32,
    /// Tokens that a document may have.
    pub document_tokens: i32,
    /// Levels of fields within fields that a document may have.
    pub depth: i32,
    /// Levels of brackets, and of selections with fragments included, that a document may have.
    pub nesting: i32,
    /// Fields and fragments that a document may select, with a fragment counted wherever it is spread.
    pub selections: i32,
    /// Aliases that a document may have.
    pub aliases: i32,
    /// Directives that a document may have.
    pub directives: i32,
    /// Fields that an operation may have at its root.
    pub root_fields: i32,
    /// Levels of lists within lists that an introspection query may have.
    pub introspection_lists: i32,
    /// Cost that an operation may have: about one for each object that it can return.
    pub cost: i32,
    /// Cost that a signed-in user may spend in a minute. Null if there is no limit.
    pub user_cost_per_minute: Option<i32>,
    /// Cost that the anonymous callers of one address may spend in a minute. Null if there is no limit.
    pub anonymous_cost_per_minute: Option<i32>,
    /// Items that a list in the input may have.
    pub input_list_items: i32,
    /// Objects that one page of a list may have, with `first` or `last`.
    pub page_size: i32,
    /// Objects that a page has when neither `first` nor `last` is given.
    pub default_page_size: i32,
    /// Seconds after which an operation is cancelled.
    pub operation_seconds: i32,
    /// Longest time in seconds of a single statement in the database.
    pub statement_seconds: i32,
    /// Connections to the database that the operations of one user are given at once; an operation that costs more than
    /// 500 counts as several. Beyond it they may use connections that nobody waits for.
    pub person_operations: i32,
    /// Connections to the database that the operations of one clinic are given at once. Beyond it they may use connections
    /// that nobody waits for.
    pub clinic_operations: i32,
    /// Operations of one user that may wait for a connection to the database.
    pub waiting_operations_per_person: i32,
    /// Operations of one clinic that may wait for a connection to the database.
    pub waiting_operations_per_clinic: i32,
    /// Milliseconds that an operation waits for a connection to the database.
    pub waiting_milliseconds: i32,
    /// Characters that a password may have.
    pub password_characters: i32,
    /// Characters that an idempotency key may have.
    pub idempotency_key_characters: i32,
    /// Hours for which the answer to a mutation is stored under its idempotency key.
    pub idempotency_hours: i32,
    /// Bytes that a message on a WebSocket may have.
    pub socket_message_bytes: i32,
    /// Operations that may run at once on one WebSocket.
    pub socket_operations: i32,
    /// Connections that one network address may have open at once, WebSockets included.
    pub connections_per_address: i32,
    /// WebSockets that one user, and event streams that one session, may have open at once.
    pub sockets_per_user: i32,
    /// WebSockets and event streams that anonymous callers of one address may have open at once.
    pub sockets_per_address: i32,
    /// Bytes of a file that may be uploaded.
    pub file_bytes: i32,
    /// Uploads that one clinic may have in progress at once, and as many downloads.
    pub file_transfers_per_clinic: i32,
}

/// Description of one error code.
#[derive(Debug, Clone, Copy)]
struct ErrorCodeInfo(&'static CodeInfo);

/// Description of one error code.
#[Object]
impl ErrorCodeInfo {
    /// The code, as errors carry it in `extensions.code`.
    async fn code(&self) -> Code {
        self.0.code
    }

    /// Meaning of the code, for developers.
    async fn description(&self) -> &str {
        self.0.description
    }

    /// The part of a request that the code is about.
    async fn family(&self) -> Family {
        self.0.family
    }

    /// Advice on sending the failed operation again.
    async fn retry(&self) -> Retry {
        self.0.retry
    }
}

/// Number of times that an operation may be used in a time.
#[derive(Debug, Clone, Copy)]
struct OperationRate(&'static str, Rate);

/// Number of times that an operation may be used in a time.
#[Object]
impl OperationRate {
    /// Name of the operation; mostly a field of `Mutation` or `Query`.
    async fn operation(&self) -> &str {
        self.0
    }

    /// Subject by which the uses are counted.
    async fn subject(&self) -> RateSubject {
        self.1.subject
    }

    /// Number of uses that are allowed.
    async fn count(&self) -> i32 {
        self.1.count.try_into().unwrap_or(i32::MAX)
    }

    /// Length of the time in seconds.
    async fn seconds(&self) -> i32 {
        self.1.seconds.try_into().unwrap_or(i32::MAX)
    }
}

/// Facts about this server, for programs.
#[derive(Debug)]
struct Server;

/// Facts about this server, for programs.
#[Object]
impl Server {
    /// Version of the server, as in `clinigraph --version`.
    async fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// Limits that requests must keep to.
    async fn limits<'ctx>(&self, ctx: &Context<'ctx>) -> Result<&'ctx ServerLimits> {
        service(ctx)
    }

    /// Rates of single operations, which hold beside the cost that a caller may spend in a minute.
    async fn operation_rates(&self, ctx: &Context<'_>) -> Result<Vec<OperationRate>> {
        let of_each = |of: &OperationRates| {
            let operation = of.operation;
            of.rates.iter().map(move |rate| OperationRate(operation, *rate))
        };
        Ok(service::<Vec<OperationRates>>(ctx)?.iter().flat_map(of_each).collect())
    }

    /// Names of the operations that callers who are not signed in may use.
    async fn anonymous_operations(&self, ctx: &Context<'_>) -> Result<Vec<&str>> {
        let anonymous = service::<Vec<OperationRates>>(ctx)?.iter().filter(|of| of.is_anonymous);
        Ok(anonymous.map(|of| of.operation).collect())
    }

    /// Every error code that an answer can carry.
    async fn error_codes(&self) -> Vec<ErrorCodeInfo> {
        Code::ALL.iter().map(ErrorCodeInfo).collect()
    }
}

#[derive(Debug, Default)]
pub struct ServerQuery;

#[Object]
impl ServerQuery {
    /// Version, limits and error codes of this server. Anonymous callers may read it.
    async fn server(&self) -> Server {
        Server
    }
}
