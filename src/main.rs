//! Parse, one library call per subcommand, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    acme_audit::cli::main()
}
