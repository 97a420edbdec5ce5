//! The root access key on the outside: from the environment into the server, and from the server's data directory to
//! the commands that sign with it.
//!
//! Always true: the file that holds the key is readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use services::identity::AccessKey;

use crate::client::Key;

const FILE_NAME: &str = "root-key";
const ID_VARIABLE: &str = "NOUGHT_ROOT_ACCESS_KEY_ID";
const SECRET_VARIABLE: &str = "NOUGHT_ROOT_SECRET_ACCESS_KEY";

/// The key that the environment gives a server, if it gives one.
pub fn from_environment() -> Result<Option<AccessKey>> {
    match from_variables(ID_VARIABLE, SECRET_VARIABLE)? {
        None => Ok(None),
        Some(Key { id, secret, .. }) => AccessKey::parse(&id, &secret).map(Some).with_context(|| {
            format!("{ID_VARIABLE} takes 16 to 128 letters and digits, {SECRET_VARIABLE} 8 to 128 visible characters")
        }),
    }
}

/// Leaves the server's key in its data directory, where the commands of the same user find it.
pub fn leave(data: &Path, key: &AccessKey) -> Result<()> {
    let path = data.join(FILE_NAME);
    let left = read(&path).ok().flatten();
    if left.is_some_and(|left| left.id == key.id() && left.secret == key.secret()) {
        return Ok(());
    }
    write(&path, key).with_context(|| format!("cannot write the root key to {}", path.display()))
}

/// The key that a command signs with: the environment's, else the one left in the data directory, else the
/// conventional one that `dev` and `demo` accept from this machine.
pub fn for_client(data: &Path) -> Result<Key> {
    if let Some(mut key) = from_variables("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")? {
        key.session_token = std::env::var("AWS_SESSION_TOKEN").ok().filter(|token| !token.is_empty());
        return Ok(key);
    }
    if let Some(key) = from_variables(ID_VARIABLE, SECRET_VARIABLE)? {
        return Ok(key);
    }
    Ok(read(&data.join(FILE_NAME))?.unwrap_or_else(Key::conventional))
}

fn from_variables(id: &str, secret: &str) -> Result<Option<Key>> {
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (read(id), read(secret)) {
        (Some(id), Some(secret)) => Ok(Some(Key { id, secret, session_token: None })),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("{id} is set and {secret} is not: set both or neither"),
        (None, Some(_)) => bail!("{secret} is set and {id} is not: set both or neither"),
    }
}

/// The file has the id on its first line and the secret on its second.
fn read(path: &Path) -> Result<Option<Key>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read the root key in {}", path.display())),
    };
    match text.lines().collect::<Vec<_>>()[..] {
        [id, secret] if !id.is_empty() && !secret.is_empty() => {
            Ok(Some(Key { id: id.to_owned(), secret: secret.to_owned(), session_token: None }))
        }
        _ => bail!("{} is damaged: the next start of the server writes it anew", path.display()),
    }
}

fn write(path: &Path, key: &AccessKey) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    writeln!(file, "{}\n{}", key.id(), key.secret())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::{AccessKey, FILE_NAME, leave, read};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_found_again_and_its_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join(FILE_NAME);
        assert!(read(&path).expect("no file is no error").is_none());
        let key = AccessKey::parse("AKIAABCDEFGHIJKLMNOP", "secret+of/some+length").expect("a key");
        leave(folder.path(), &key).expect("a file");
        let found = read(&path).expect("a readable file").expect("a key");
        assert_eq!((found.id.as_str(), found.secret.as_str()), (key.id(), key.secret()));
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }
}
