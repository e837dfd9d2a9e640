//! The options of the server, their effect and their documentation.

use std::collections::BTreeSet;

use clap::{CommandFactory, Parser};
use clinigraph::{
    config::{Cli, Command, LimitOptions},
    pipeline::Limits,
    server::{Graphiql, ServerConfig},
};

fn limits(given: &[&str]) -> LimitOptions {
    let cli = Cli::try_parse_from(["clinigraph", "serve"].iter().chain(given)).unwrap();
    let Command::Serve(serve) = cli.command else { panic!("another command") };
    serve.limits
}

#[test]
fn defaults_come_from_the_modules_that_enforce_them() {
    let defaults = limits(&[]);

    assert_eq!(format!("{:?}", defaults.limits()), format!("{:?}", Limits::default()));
    assert_eq!(format!("{:?}", defaults.server()), format!("{:?}", ServerConfig::default()));
}

#[test]
fn an_option_reaches_the_module_that_enforces_it() {
    let given = limits(&["--max-depth=5", "--max-body=1000", "--max-sockets-per-user=2", "--request-seconds=60"]);

    let server = given.server();
    assert_eq!((given.limits().depth, server.max_body, server.socket.max_per_user), (5, 1000, 2));
    // What waits for an answer waits longer than the answer may take.
    assert!(server.answer_timeout > given.deadline());
}

#[test]
fn trusting_a_manifest_needs_one() {
    let parsed = |given: &[&str]| Cli::try_parse_from(["clinigraph", "serve"].iter().chain(given)).is_ok();

    assert!(!parsed(&["--operations=trusted"]));
    assert!(parsed(&["--operations=trusted", "--manifest=operations.json"]));
}

#[test]
fn documented_options_exist_and_limits_are_documented() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let known: BTreeSet<_> = serve.get_arguments().filter_map(|option| option.get_long()).collect();
    let text = include_str!("../../docs/TRANSPORT.md");
    let named: BTreeSet<_> = text
        .split('`')
        .filter_map(|code| code.strip_prefix("--")?.split([' ', '=']).next())
        .filter(|name| *name != "help")
        .collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    let undocumented: Vec<_> = known.iter().filter(|name| name.starts_with("max-") && !named.contains(*name)).collect();

    assert_eq!((unknown, undocumented), (Vec::new(), Vec::new()));
}

#[test]
fn graphiql_is_open_to_strangers_in_development_only() {
    let graphiql = |given: &[&str]| {
        let cli = Cli::try_parse_from(["clinigraph", "serve"].iter().chain(given)).unwrap();
        let Command::Serve(serve) = cli.command else { panic!("another command") };
        serve.graphiql()
    };

    assert_eq!(graphiql(&[]), Graphiql::SignedIn);
    assert_eq!((graphiql(&["--demo"]), graphiql(&["--development"])), (Graphiql::Open, Graphiql::Open));
    for (given, wanted) in [("off", Graphiql::Off), ("signed-in", Graphiql::SignedIn), ("open", Graphiql::Open)] {
        assert_eq!(graphiql(&[&format!("--graphiql={given}"), "--demo"]), wanted);
    }
}
