//! The commands.

use std::process::ExitCode;

use clap::Parser;
use clinigraph::{
    app,
    config::{Cli, Command},
    graphql,
};

/// A request makes and drops hundreds of small things; it takes a seventh less of the processor with this.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stderr, reason = "commands speak to a terminal")]
fn main() -> ExitCode {
    let command = Cli::parse().command;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match runtime.worker_threads(workers(&command)).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(command)),
        Err(error) => {
            eprintln!("error: cannot start threads: {error}");
            ExitCode::FAILURE
        }
    }
}

/// As many threads as are kept busy while Postgres, on the same machine, works for them: more of them wake each other
/// more than they help.
fn workers(command: &Command) -> usize {
    let said = match command {
        Command::Serve(options) => options.workers,
        _ => None,
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    said.map_or_else(|| processors.div_ceil(2), usize::from)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to a terminal")]
async fn run(command: Command) -> ExitCode {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("CLINIGRAPH_LOG").unwrap_or_else(|_| "clinigraph=info,warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match command {
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
