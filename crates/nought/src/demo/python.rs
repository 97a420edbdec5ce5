//! The Python functions of the sample as packages, and the wheels that they need.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cli::PackageFlags;
use crate::libraries;
use crate::package::Package;
use crate::wheels::{BOTO3, Requirements, Wheels};

const PILLOW: Requirements = Requirements(include_str!("../../../../examples/demo/pillow.txt"));
const MEMORY_MIB: u32 = 512;
const TIMEOUT_SECS: u32 = 30;

/// A function's files, but for its wheels.
pub struct Function {
    pub name: &'static str,
    pub files: &'static [(&'static str, &'static str)],
    pub variables: Vec<(String, String)>,
}

/// Pillow, or nothing where it cannot be had, which is then said.
pub async fn pillow(interpreters: &[PathBuf]) -> Result<Option<Wheels>> {
    let interpreters = interpreters.to_owned();
    told(tokio::task::spawn_blocking(move || PILLOW.fetch(&interpreters)).await?)
}

/// Makes boto3 importable, as it is in the managed runtimes; false where it cannot be had, which is then said.
pub async fn boto3(interpreters: &[PathBuf], data: &Path) -> Result<bool> {
    let (interpreters, data) = (interpreters.to_owned(), data.to_owned());
    let put = move || libraries::put_wheels(&data, &BOTO3.fetch(&interpreters)?);
    Ok(told(tokio::task::spawn_blocking(put).await?)?.is_some())
}

fn told<T>(fetched: Result<T>) -> Result<Option<T>> {
    match fetched {
        Ok(fetched) => Ok(Some(fetched)),
        Err(error) => {
            println!("   left out: {error:#}");
            Ok(None)
        }
    }
}

impl Function {
    /// Its files with the wheels beside them.
    pub async fn package(self, runtime: &str, wheels: Option<Wheels>) -> Result<Package> {
        let runtime = runtime.to_owned();
        tokio::task::spawn_blocking(move || {
            let root = tempfile::tempdir()?;
            if let Some(wheels) = wheels {
                wheels.copy_to(root.path())?;
            }
            for (name, text) in self.files {
                fs::write(root.path().join(name), text)?;
            }
            let flags = PackageFlags {
                name: Some(self.name.to_owned()),
                runtime: Some(runtime),
                memory: Some(MEMORY_MIB),
                timeout: Some(TIMEOUT_SECS),
                environment: self.variables,
                ..PackageFlags::default()
            };
            Package::read(root.path(), &flags)
        })
        .await?
    }
}
