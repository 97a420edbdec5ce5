//! Looks at a package before it is compiled: is it a component, and of a world that runs here?
//!
//! Compiling answers the same questions, but after seconds of work and with an engine's words.

use services::run::PrepareError;
use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

use super::engine::World;

const HANDLER_TWO: &str = "wasi:http/incoming-handler@0.2.";
const HANDLER_THREE: &str = "wasi:http/handler@0.3.";

/// Names in an error text; a component may import hundreds.
const NAMES_SHOWN_MAX: usize = 5;

/// What a component offers and asks for, by the names of its outermost layer.
#[derive(Debug, Default)]
struct Surface {
    imports: Vec<String>,
    exports: Vec<String>,
}

/// Tells which world a component is of, or why it cannot run.
pub(super) fn world(wasm: &[u8]) -> Result<World, PrepareError> {
    let surface = surface(wasm)?;
    let exports = |prefix: &str| surface.exports.iter().any(|name| name.starts_with(prefix));
    let foreign: Vec<&str> =
        surface.imports.iter().map(String::as_str).filter(|name| !name.starts_with("wasi:")).collect();
    if !foreign.is_empty() {
        return Err(bad(format!(
            "the component imports {}, which Nought does not offer: it offers the imports of wasi:http and wasi:cli, \
             0.2 and 0.3",
            listed(&foreign)
        )));
    }
    match (exports(HANDLER_THREE), exports(HANDLER_TWO)) {
        (true, _) => Ok(World::Three),
        (false, true) => Ok(World::Two),
        (false, false) => Err(bad(format!(
            "the component exports neither wasi:http/incoming-handler@0.2 nor wasi:http/handler@0.3, so it cannot \
             answer requests; it exports {}",
            listed(&surface.exports)
        ))),
    }
}

fn surface(wasm: &[u8]) -> Result<Surface, PrepareError> {
    if Parser::is_core_wasm(wasm) {
        return Err(bad(
            "the file is a WebAssembly module, not a component: build for wasm32-wasip2, or wrap it with \
             `wasm-tools component new`"
                .to_owned(),
        ));
    }
    if !Parser::is_component(wasm) {
        return Err(bad("the file is not a WebAssembly component: it does not start as one".to_owned()));
    }
    let mut surface = Surface::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(broken)? {
            Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    surface.imports.push(import.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let export = export.map_err(broken)?;
                    if export.kind == ComponentExternalKind::Instance {
                        surface.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN_MAX).map(AsRef::as_ref).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        count if count > NAMES_SHOWN_MAX => format!("{} and {} more", shown.join(", "), count - NAMES_SHOWN_MAX),
        _ => shown.join(", "),
    }
}

fn broken(error: wasmparser::BinaryReaderError) -> PrepareError {
    bad(format!("the WebAssembly file is damaged: {error}"))
}

pub(super) fn bad(text: String) -> PrepareError {
    PrepareError::BadComponent(text)
}
