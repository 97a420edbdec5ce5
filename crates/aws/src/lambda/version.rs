//! Published versions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use services::function::version::{self, Publish};
use services::function::{self, Qualifier};
use services::name::Version;
use services::run::CodeId;

use super::arn::Target;
use super::configuration::render;
use super::function::LATEST_ONLY;
use super::page;
use super::refusal::{code_differs, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

pub async fn publish(call: Call, input: shapes::PublishVersionRequest) -> Result<shapes::FunctionConfiguration, Error> {
    let id = Target::whole(&call, &input.function_name, LATEST_ONLY)?;
    let given = input.code_sha256.filter(|text| !text.is_empty());
    let publish = Publish {
        code: given.as_deref().map(code_id),
        description: input.description.filter(|text| !text.is_empty()),
        revision: input.revision_id,
    };
    let published = call.services.functions().publish(&id, &publish).await.map_err(|error| match (error, &given) {
        (function::Error::CodeDiffers { latest }, Some(given)) => code_differs(given, latest),
        (error, _) => refuse(&call, &id, error),
    })?;
    Ok(render(&call, &id, &published, Some(&Qualifier::Version(published.0))))
}

/// The code of that hash; of a text that is no hash, code that nobody has.
fn code_id(base64: &str) -> CodeId {
    let bytes = STANDARD.decode(base64).ok();
    CodeId(bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default())
}

pub async fn list(
    call: Call,
    input: shapes::ListVersionsByFunctionRequest,
) -> Result<shapes::ListVersionsByFunctionResponse, Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let size = page::size(input.max_items);
    let after = page::after(input.marker.as_deref(), |text| Version::parse(text).ok())?;
    let found = call.services.functions().read(|read| version::list(read, &id, after, size + 1));
    let found = found.map_err(|error| refuse(&call, &id, error))?;
    let (found, next_marker) = page::cut(found, size, |(version, _)| version.to_string());
    let shown = found.iter().map(|found| render(&call, &id, found, Some(&Qualifier::Version(found.0))));
    Ok(shapes::ListVersionsByFunctionResponse { next_marker, versions: Some(shown.collect()) })
}
