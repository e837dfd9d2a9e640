//! The commands.

use std::process::ExitCode;

use clap::Parser;
use clinigraph::{
    app,
    config::{Cli, Command},
    graphql,
};

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to a terminal")]
async fn main() -> ExitCode {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("CLINIGRAPH_LOG").unwrap_or_else(|_| "clinigraph=info,warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match Cli::parse().command {
        Command::Serve(options) => app::run(*options).await,
        Command::Prepare(database) => app::reach(&database).await.map(|reached| {
            for migration in &reached.ran {
                println!("ran {migration}");
            }
            println!("the server logs in with: {}", reached.server_url);
        }),
        Command::Doctor(database) => match app::examine(&database).await {
            Ok(findings) if findings.is_empty() => {
                println!("nothing stands against serving on this database");
                Ok(())
            }
            Ok(findings) => {
                for finding in findings {
                    println!("- {}\n  remedy: {}", finding.problem, finding.remedy);
                }
                return ExitCode::FAILURE;
            }
            Err(error) => Err(error),
        },
        Command::Seed(options) => app::seed(&options).await.map(|seeded| {
            println!("a clinic's manager: {}\na platform administrator: {}", seeded.manager, seeded.administrator);
        }),
        Command::Schema => {
            print!("{}", graphql::sdl());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.cause().map(|cause| cause as &dyn std::error::Error);
            while let Some(told) = cause {
                eprintln!("  {told}");
                cause = told.source();
            }
            ExitCode::FAILURE
        }
    }
}
