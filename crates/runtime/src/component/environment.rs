//! The environment variables of a component: the function's own, and those that Lambda's runtimes set.
//!
//! Start reading at [`Environment`]. Few guests look at their environment, so it is put together when one does.
//!
//! Source of the reserved names: "Defined runtime environment variables", Lambda developer guide (read 2026-11-24).

use std::collections::BTreeMap;
use std::sync::Arc;

use services::run::{Credentials, FunctionVersion, Job, Trace};
use services::trace;
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::{p2, p3};

use super::GATEWAY;
use super::engine::World;
use super::guest::Guest;

/// What the environment of one instance is made of.
pub(super) struct Environment {
    function: Arc<FunctionVersion>,
    credentials: Credentials,
    trace: Trace,
}

impl Environment {
    pub fn new(job: &Job) -> Environment {
        Environment { function: job.function.clone(), credentials: job.credentials.clone(), trace: job.trace }
    }

    /// Defaults that a function may override, then its own variables, then those that nobody may set.
    fn variables(&self) -> Vec<(String, String)> {
        let own = self.function.environment.iter().map(|(name, value)| (name.clone(), value.clone()));
        let named = |(name, value): (&str, String)| (name.to_owned(), value);
        let variables: BTreeMap<String, String> =
            overridable().into_iter().map(named).chain(own).chain(self.reserved().into_iter().map(named)).collect();
        variables.into_iter().collect()
    }

    fn reserved(&self) -> [(&'static str, String); 12] {
        let Environment { function, credentials, trace } = self;
        [
            ("_HANDLER", function.handler.to_string()),
            ("_X_AMZN_TRACE_ID", trace::render_xray(trace)),
            ("AWS_REGION", function.region.to_string()),
            ("AWS_DEFAULT_REGION", function.region.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", function.version.to_string()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mib.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id.to_string()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.to_string()),
            ("AWS_SESSION_TOKEN", credentials.session_token.to_string()),
        ]
    }
}

/// Takes the place of the environment that `wasmtime_wasi` has linked, which wants its variables beforehand.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>, world: World) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    p2::bindings::cli::environment::add_to_linker::<Guest, Environment>(linker, Guest::environment)?;
    if world == World::Three {
        p3::bindings::cli::environment::add_to_linker::<Guest, Environment>(linker, Guest::environment)?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

impl HasData for Environment {
    type Data<'a> = &'a mut Environment;
}

impl p2::bindings::cli::environment::Host for Environment {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.variables())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

impl p3::bindings::cli::environment::Host for Environment {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.variables())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn get_initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

fn overridable() -> [(&'static str, String); 2] {
    [("AWS_ENDPOINT_URL", format!("http://{GATEWAY}")), ("TZ", ":UTC".to_owned())]
}
