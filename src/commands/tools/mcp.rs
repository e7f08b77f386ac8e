//! `git jit mcp`: some verbs as tools for an agent, over stdin and stdout (Model Context Protocol).
//!
//! A tool is a verb: its arguments become a command line, which is parsed and run like any other, and the result is the document
//! of `--json`. Only the protocol writes to stdout. Each call reads the repository anew. Calls run one after the other, beside the
//! thread of the protocol, so that a long call does not block it.

mod catalog;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Map, Value};

use crate::commands::shared::session::{CommandResult, Program, Session};
use crate::error::Error;
use crate::output::{Failure, JsonDocument as _, Streamed};
use crate::process;
use crate::store;

/// How often the server checks for a signal.
const TICK: Duration = Duration::from_millis(200);

/// The instructions for the agent.
const INSTRUCTIONS: &str = "Issues are files in this Git repository; a lease gives one agent the right to edit one issue. \
Begin with `orient`. Acquire the lease with `claim` before you work on an issue, renew it while you work, and release it when you \
are done; it ends when its edit is committed. `note_add` needs no lease. Errors name the next step.";

// Arguments of `mcp`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Serves until stdin is closed.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args {} = args;
    let failed = |source| Error::from(store::Error::io("serve on", "stdin and stdout".as_ref())(source));
    let interrupted = process::interruptions().map_err(failed)?;
    let server = Server {
        dir: session.cx.cwd.clone(),
        agent: session.agent_flag.clone(),
        program: session.program,
        running: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let outcome = runtime.block_on(serve(server, &interrupted));
    // A read of stdin cannot be cancelled. After an interruption, do not wait for it.
    runtime.shutdown_background();
    outcome.map_err(|why| failed(std::io::Error::other(why)))?;
    Ok(Box::new(Streamed))
}

async fn serve(server: Server, interrupted: &AtomicBool) -> Result<(), String> {
    let serving = async {
        match server.serve(rmcp::transport::stdio()).await {
            Ok(service) => service.waiting().await.map(drop).map_err(|error| error.to_string()),
            // A client may close the connection at any time.
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    };
    let mut serving = std::pin::pin!(serving);
    loop {
        match tokio::time::timeout(TICK, serving.as_mut()).await {
            Ok(end) => return end,
            Err(_) if interrupted.load(Ordering::Relaxed) => return Ok(()),
            Err(_) => {}
        }
    }
}

/// Answers the requests of an agent.
#[derive(Clone)]
struct Server {
    dir: PathBuf,
    agent: Option<String>,
    program: &'static Program,
    /// Locked while a tool runs.
    running: Arc<Mutex<()>>,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("git-jit", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |tool: &'static catalog::Tool| Tool::new(tool.name, tool.about, tool.schema());
        Ok(ListToolsResult::with_all_items(catalog::TOOLS.iter().map(tool).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let CallToolRequestParams { name, arguments, .. } = request;
        let tool = catalog::TOOLS.iter().find(|tool| tool.name == name).ok_or_else(|| unknown_tool(&name))?;
        let server = self.clone();
        let called = tokio::task::spawn_blocking(move || server.call(tool, &arguments.unwrap_or_default()));
        let (document, is_ok) = called.await.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let content = vec![ContentBlock::text(document.to_string())];
        Ok(if is_ok { CallToolResult::success(content) } else { CallToolResult::error(content) }.into())
    }
}

fn unknown_tool(name: &str) -> ErrorData {
    let names: Vec<&str> = catalog::TOOLS.iter().map(|tool| tool.name).collect();
    let message: Cow<'static, str> = format!("no tool '{name}'; the tools are {}", names.join(", ")).into();
    ErrorData::invalid_params(message, None)
}

impl Server {
    /// Runs a tool: the document of its verb, and whether it succeeded.
    fn call(&self, tool: &catalog::Tool, given: &Map<String, Value>) -> (Value, bool) {
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let call = |line: Vec<String>| (self.program.call)(&self.dir, self.agent.as_deref(), &line);
        match tool.command_line(given).and_then(call) {
            Ok(report) => (report.value(), report.code() == 0),
            Err(error) => (Failure::from(&error).value(), false),
        }
    }
}
