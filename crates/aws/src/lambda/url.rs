//! Function URL configurations.

use services::function::url::{self, Auth, Cors, Mode, Url, UrlChange};
use services::function::{self, AliasName, FunctionId, Qualifier};

use super::arn::{self, Target};
use super::configuration::iso;
use super::page;
use super::refusal::{conflict, not_found, not_yet, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::lambda as shapes;

pub async fn create(
    call: Call,
    input: shapes::CreateFunctionUrlConfigRequest,
) -> Result<shapes::CreateFunctionUrlConfigResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let alias = target.alias()?;
    let change = UrlChange { auth: None, cors: input.cors.map(cors), mode: mode(input.invoke_mode.as_deref())? };
    let auth = auth(&input.auth_type);
    let created = call.services.functions().change(&target.id, |tx| url::create(tx, &target.id, alias, auth, &change));
    let url = created.await.map_err(|error| match error {
        function::Error::NoSuchFunction { .. } => not_found("Function does not exist"),
        function::Error::UrlExists => conflict(format!(
            "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for this Lambda function",
            target.arn(&call)
        )),
        error => refuse(&call, &target.id, error),
    })?;
    let shown = Shown::of(&call, &target.id, alias, &url);
    Ok(shapes::CreateFunctionUrlConfigResponse {
        function_url: shown.url,
        function_arn: shown.arn,
        auth_type: shown.auth,
        cors: shown.cors,
        creation_time: shown.created,
        invoke_mode: Some(shown.mode),
    })
}

pub async fn get(
    call: Call,
    input: shapes::GetFunctionUrlConfigRequest,
) -> Result<shapes::GetFunctionUrlConfigResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let alias = target.alias()?;
    let found = call.services.functions().read(|read| url::find(read, &target.id, alias));
    let url = found.map_err(|error| refuse(&call, &target.id, error))?;
    let shown = Shown::of(&call, &target.id, alias, &url);
    Ok(shapes::GetFunctionUrlConfigResponse {
        function_url: shown.url,
        function_arn: shown.arn,
        auth_type: shown.auth,
        cors: shown.cors,
        creation_time: shown.created,
        last_modified_time: shown.modified,
        invoke_mode: Some(shown.mode),
    })
}

pub async fn update(
    call: Call,
    input: shapes::UpdateFunctionUrlConfigRequest,
) -> Result<shapes::UpdateFunctionUrlConfigResponse, Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let alias = target.alias()?;
    let change = UrlChange {
        auth: input.auth_type.as_deref().map(auth),
        cors: input.cors.map(cors),
        mode: mode(input.invoke_mode.as_deref())?,
    };
    let updated = call.services.functions().change(&target.id, |tx| url::update(tx, &target.id, alias, &change)).await;
    let url = updated.map_err(|error| refuse(&call, &target.id, error))?;
    let shown = Shown::of(&call, &target.id, alias, &url);
    Ok(shapes::UpdateFunctionUrlConfigResponse {
        function_url: shown.url,
        function_arn: shown.arn,
        auth_type: shown.auth,
        cors: shown.cors,
        creation_time: shown.created,
        last_modified_time: shown.modified,
        invoke_mode: Some(shown.mode),
    })
}

pub async fn delete(call: Call, input: shapes::DeleteFunctionUrlConfigRequest) -> Result<(), Error> {
    let target = Target::read(&call, &input.function_name, input.qualifier.as_deref())?;
    let alias = target.alias()?;
    let deleted = call.services.functions().change(&target.id, |tx| url::delete(tx, &target.id, alias)).await;
    deleted.map_err(|error| refuse(&call, &target.id, error))
}

pub async fn list(
    call: Call,
    input: shapes::ListFunctionUrlConfigsRequest,
) -> Result<shapes::ListFunctionUrlConfigsResponse, Error> {
    let id = Target::read(&call, &input.function_name, None)?.id;
    let size = page::size(input.max_items);
    let after = page::after(input.marker.as_deref(), |text| Some(text.to_owned()))?;
    let found = call.services.functions().read(|read| url::list(read, &id));
    let mut found = found.map_err(|error| refuse(&call, &id, error))?;
    let place = |alias: &Option<AliasName>| alias.as_ref().map(AliasName::to_string).unwrap_or_default();
    found.retain(|(alias, _)| after.as_ref().is_none_or(|after| place(alias) > *after));
    let (found, next_marker) = page::cut(found, size, |(alias, _)| place(alias));
    let shown = found.iter().map(|(alias, url)| {
        let shown = Shown::of(&call, &id, alias.as_ref(), url);
        shapes::FunctionUrlConfig {
            function_url: shown.url,
            function_arn: shown.arn,
            creation_time: shown.created,
            last_modified_time: shown.modified,
            cors: shown.cors,
            auth_type: shown.auth,
            invoke_mode: Some(shown.mode),
        }
    });
    Ok(shapes::ListFunctionUrlConfigsResponse { function_url_configs: shown.collect(), next_marker })
}

/// A URL in the texts of the wire, which has one structure for each operation.
struct Shown {
    url: String,
    arn: String,
    auth: String,
    cors: Option<shapes::Cors>,
    created: String,
    modified: String,
    mode: String,
}

impl Shown {
    fn of(call: &Call, id: &FunctionId, alias: Option<&AliasName>, url: &Url) -> Shown {
        Shown {
            url: address(call, &url.id),
            arn: arn::arn(call, id, alias.cloned().map(Qualifier::Alias).as_ref()),
            auth: match url.auth {
                Auth::None => "NONE".to_owned(),
                Auth::Iam => "AWS_IAM".to_owned(),
            },
            cors: url.cors.clone().map(shown_cors),
            created: iso(url.created.millis()),
            modified: iso(url.modified.millis()),
            mode: match url.mode {
                Mode::Buffered => "BUFFERED".to_owned(),
                Mode::Streaming => "RESPONSE_STREAM".to_owned(),
            },
        }
    }
}

/// `http://<id>.lambda-url.<region>.localhost:4566/`, on the port that the client came by.
fn address(call: &Call, url_id: &str) -> String {
    let port = call.authority.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("http://{url_id}.lambda-url.{}.localhost{port}/", call.region)
}

fn auth(text: &str) -> Auth {
    match text {
        "NONE" => Auth::None,
        _ => Auth::Iam, // the model has these two
    }
}

fn mode(text: Option<&str>) -> Result<Option<Mode>, Error> {
    match text {
        None => Ok(None),
        Some("BUFFERED") => Ok(Some(Mode::Buffered)),
        Some(_) => Err(not_yet("InvokeMode RESPONSE_STREAM")),
    }
}

fn cors(given: shapes::Cors) -> Cors {
    Cors {
        allow_credentials: given.allow_credentials,
        allow_headers: given.allow_headers,
        allow_methods: given.allow_methods,
        allow_origins: given.allow_origins,
        expose_headers: given.expose_headers,
        max_age_secs: given.max_age.and_then(|age| u32::try_from(age).ok()),
    }
}

fn shown_cors(cors: Cors) -> shapes::Cors {
    shapes::Cors {
        allow_credentials: cors.allow_credentials,
        allow_headers: cors.allow_headers,
        allow_methods: cors.allow_methods,
        allow_origins: cors.allow_origins,
        expose_headers: cors.expose_headers,
        max_age: cors.max_age_secs.and_then(|age| i32::try_from(age).ok()),
    }
}
