//! Command line of the GSS-API stack.

use clap::{Parser, Subcommand};
use gssctl::{decode, demo, fetch, gateway, kdc, kdestroy, kinit, klist, kpasswd, kvno, serve, shim};
use std::process::ExitCode;

/// Kerberos and SPNEGO from the command line: serve and fetch pages with Negotiate, list tickets and keys, look into
/// tokens, and drive both sides of a context from scripts.
#[derive(Debug, Parser)]
#[command(name = "gssctl", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Serve(serve::Arguments),
    Fetch(fetch::Arguments),
    Gateway(Box<gateway::Arguments>),
    Kinit(kinit::Arguments),
    Klist(klist::Arguments),
    Kvno(kvno::Arguments),
    Kdestroy(kdestroy::Arguments),
    Kpasswd(kpasswd::Arguments),
    Kdc(kdc::Arguments),
    Decode(decode::Arguments),
    Shim(shim::Arguments),
}

/// 0 for success, 1 for a failure, 2 for a command line that makes no sense (clap's).
fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Fetch(arguments) => fetch::run(&arguments),
        Command::Gateway(arguments) => gateway::run(&arguments),
        Command::Kinit(arguments) => kinit::run(&arguments),
        Command::Klist(arguments) => klist::run(&arguments),
        Command::Kvno(arguments) => kvno::run(&arguments),
        Command::Kdestroy(arguments) => kdestroy::run(&arguments),
        Command::Kpasswd(arguments) => kpasswd::run(&arguments),
        Command::Kdc(arguments) => kdc::run(&arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Shim(arguments) => shim::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gssctl: {error:#}");
            ExitCode::FAILURE
        }
    }
}
