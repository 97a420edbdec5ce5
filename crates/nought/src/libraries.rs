//! `nought libraries`: an AWS SDK for functions, as the managed runtimes have it.
//!
//! What is installed lies in the server's data directory, beside our own bootstraps; environments that start from then
//! on see it. A function's own copy comes first on its path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cli::{self, Language};
use crate::wheels::{self, Wheels};

/// What is installed for Node.js, each at one version (read 2026-11-24). For Python it is [`wheels::BOTO3`].
const NODE: [&str; 20] = [
    "@aws-sdk/client-cloudwatch-logs@3.1169.0",
    "@aws-sdk/client-cognito-identity-provider@3.1169.0",
    "@aws-sdk/client-dynamodb@3.1169.0",
    "@aws-sdk/client-dynamodb-streams@3.1141.0",
    "@aws-sdk/client-eventbridge@3.1169.0",
    "@aws-sdk/client-iam@3.1169.0",
    "@aws-sdk/client-kinesis@3.1143.0",
    "@aws-sdk/client-lambda@3.1164.0",
    "@aws-sdk/client-s3@3.1175.0",
    "@aws-sdk/client-scheduler@3.1169.0",
    "@aws-sdk/client-secrets-manager@3.1164.0",
    "@aws-sdk/client-sfn@3.1164.0",
    "@aws-sdk/client-sns@3.1169.0",
    "@aws-sdk/client-sqs@3.1175.0",
    "@aws-sdk/client-ssm@3.1169.0",
    "@aws-sdk/client-sts@3.1174.0",
    "@aws-sdk/lib-dynamodb@3.1168.0",
    "@aws-sdk/lib-storage@3.1175.0",
    "@aws-sdk/s3-request-presigner@3.1169.0",
    "@aws-sdk/util-dynamodb@3.996.9",
];

pub fn run(command: &cli::Libraries) -> Result<()> {
    let folder = match command.language {
        Language::Python => "python",
        Language::Node => "nodejs",
    };
    let installed = put(&command.data, folder, |partial| match command.language {
        Language::Python => {
            eprintln!("installing {} and what it needs", wheels::BOTO3.name());
            wheels::BOTO3.install(&wheels::python(&[])?, partial)
        }
        Language::Node => {
            eprintln!("installing {} packages and what they need", NODE.len());
            run_installer(npm(partial).args(NODE))
        }
    })?;
    println!("installed in {}: functions can import it from their next start on", installed.display());
    Ok(())
}

/// Lets functions that start from now on import the packages that were fetched.
pub fn put_wheels(data: &Path, wheels: &Wheels) -> Result<()> {
    put(data, "python", |partial| wheels.copy_to(partial)).map(drop)
}

/// Makes what lies in a folder of the server's data directory, whole or not at all.
fn put(data: &Path, folder: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let runtime = data.join("runtime");
    fs::create_dir_all(&runtime).with_context(|| format!("cannot make {}", runtime.display()))?;
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(&runtime)?;
    fill(partial.path())?;
    open_to_functions(partial.path())?;
    replace(partial.path(), &runtime.join(folder))
}

fn npm(target: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error", "--ignore-scripts", "--prefix"]).arg(target);
    npm
}

fn run_installer(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {name}: is it installed?"))?;
    match status.success() {
        true => Ok(()),
        false => bail!("{name} ended with {status}; what it said is above"),
    }
}

/// Functions run as other users: temporary directories are their owner's alone.
fn open_to_functions(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Puts a finished folder in the place of the one before. Environments that run keep what they have mounted.
fn replace(partial: &Path, folder: &Path) -> Result<PathBuf> {
    let old = folder.with_extension("old");
    if folder.exists() {
        fs::rename(folder, &old)?;
    }
    fs::rename(partial, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    Ok(folder.to_owned())
}
