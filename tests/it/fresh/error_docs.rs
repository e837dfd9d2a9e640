//! `docs/ERRORS.md`, from the declaration of the codes.

use std::fmt::Write;

use async_graphql::resolver_utils::EnumType;
use clinigraph::kernel::error::{Code, Family, Retry};

const HEAD: &str = "# Errors

Generated from `src/kernel/error/code.rs` by `make schema`; a test proves it fresh. Programs read the same list from
`{ server { errorCodes { code description family retry } } }`, and the codes as the enum `ErrorCode`.

Every error has a `message` for people and, in `extensions`, a `code` that never changes and the `requestId` under which
the server's log has it. Some have more:

| in `extensions` | content |
|---|---|
| `fields` | every refused value of the arguments, as `{ path, code, message }`; the path begins at the arguments of the field, as in `input.booking.bufferMinutes`, `first` or `filter.status.1` |
| `allowed` | what would be accepted instead, such as the statuses that a ticket can take |
| `limit` | the number that is allowed |
| `retryAfter` | seconds to wait; over HTTP also the header `Retry-After` |
| `currentVersion` | the version of an object that somebody else has changed |
| `cursor` | where a listener can resume |

An error of a field has the field's `path` beside its `message`. The field of a query is null if it may be; the field of a
mutation is null, has done nothing and has stored no answer under its idempotency key, while the fields before and behind
it run. A request that is refused as a whole has no `data`, and a status of 4xx or 5xx if the client accepts
`application/graphql-response+json`.
";

fn family(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::Document => ("The document", "About the GraphQL document, or the request that carries it."),
        Family::Caller => ("The caller", "About the session, the account or the permissions of the caller."),
        Family::Request => ("What is asked for", "About the objects and values that the operation names."),
        Family::Server => ("The server", "About the server, or a system that it depends on."),
    }
}

fn retry(retry: Retry) -> &'static str {
    match retry {
        Retry::AfterChange => "after changing the request",
        Retry::AfterDelay => "after waiting; a mutation with its idempotency key",
        Retry::AfterReload => "after reading the current state",
        Retry::AfterSignIn => "after signing in",
        Retry::Never => "no",
    }
}

pub fn errors_md() -> String {
    let mut text = HEAD.to_owned();
    for item in Family::items() {
        let (title, about) = family(item.value);
        let rows = Code::ALL.iter().filter(|info| info.family == item.value);
        let _ = write!(
            text,
            "\n## {title}\n\n{about}\n\n| code | meaning | retry | example of a message |\n|---|---|---|---|\n"
        );
        for info in rows {
            let (code, retry) = (info.code.as_str(), retry(info.retry));
            let _ = writeln!(text, "| `{code}` | {} | {retry} | {} |", info.description, info.example);
        }
    }
    text
}
