//! Routes: which code answers under which name, in memory.
//!
//! An invocation reads nothing else. What is here is read from rows at start-up ([`Routes::load`]) and after each change,
//! before the change is acknowledged. In between the rows can be ahead of what is here, and others may have read them:
//! while a function is being changed ([`Routes::changing`]), who asks for its route has the rows read again first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use store::{Read, Store};

use super::alias::Alias;
use super::event_config::EventConfig;
use super::url::Url;
use super::{AliasName, Details, Error, FunctionId, Qualifier, Reason, State, rows};
use crate::identity::{Decision, Statement, policy};
use crate::name::Version;
use crate::run::{FunctionVersion, Revision};

/// All functions as they are invoked. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Routes(Arc<Shared>);

struct Shared {
    store: Store,
    table: RwLock<Table>,
    /// Functions whose rows may be ahead of the table, with the number of changes under way.
    changing: Mutex<HashMap<FunctionId, usize>>,
    /// How many `changing` has: with none, which is nearly always, nobody takes its lock.
    changing_count: AtomicUsize,
    /// The sum of all reservations.
    reserved: AtomicU32,
    /// Held from reading rows to showing them, so that an older state never replaces a newer one.
    refreshing: Mutex<()>,
}

#[derive(Default)]
struct Table {
    functions: HashMap<FunctionId, Arc<Entry>>,
    urls: HashMap<Box<str>, Arc<UrlRoute>>,
}

/// What one invocation needs to know.
#[derive(Debug, Clone)]
pub struct Route {
    pub version: Arc<FunctionVersion>,
    /// The role whose permissions the version has.
    pub role: Option<Arc<str>>,
    /// Executions reserved for the function and its limit, over all its versions.
    pub reserved: Option<u32>,
}

/// What a function URL leads to.
#[derive(Debug, Clone)]
pub struct UrlRoute {
    pub function: FunctionId,
    pub alias: Option<AliasName>,
    pub url: Url,
    /// The permissions on the name that the URL is of.
    pub policy: Arc<[Statement]>,
    /// Whether all requests without a signature are alike to them.
    alike: bool,
    /// What was decided over such requests. A change of the permissions makes a new route.
    anonymous: OnceLock<Decision>,
}

/// The only thing that permissions of a URL may look at for all requests without a signature to be alike.
///
/// Source: Lambda developer guide, "Control access to Lambda function URLs" (read 2026-11-24).
pub const URL_AUTH_KEY: &str = "lambda:FunctionUrlAuthType";

impl UrlRoute {
    fn new(function: &FunctionId, alias: Option<AliasName>, url: Url, policies: &[Policy]) -> UrlRoute {
        let on = alias.clone().map(Qualifier::Alias);
        let found = policies.iter().find(|(of, _)| *of == on);
        let statements = found.map(|(_, statements)| statements.clone()).unwrap_or_default();
        let alike = policy::looks_only_at(&statements, URL_AUTH_KEY);
        UrlRoute { function: function.clone(), alias, url, policy: statements, alike, anonymous: OnceLock::new() }
    }

    /// What `decide` says of a request without a signature: asked once where all of them are alike.
    pub fn anonymous(&self, decide: impl FnOnce() -> Decision) -> Decision {
        match self.alike {
            true => *self.anonymous.get_or_init(decide),
            false => decide(),
        }
    }

    pub fn qualifier(&self) -> Option<Qualifier> {
        self.alias.clone().map(Qualifier::Alias)
    }
}

/// Why nothing runs under a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unroutable {
    #[error("there is no such function, version or alias")]
    Absent,
    #[error("the function is still being created")]
    Pending,
    #[error("the function could not be created: {}", .0.text)]
    Failed(Reason),
}

/// The permissions on one name of a function.
type Policy = (Option<Qualifier>, Arc<[Statement]>);

#[derive(Clone)]
struct Runnable {
    version: Arc<FunctionVersion>,
    role: Arc<str>,
}

struct Entry {
    reserved: Option<u32>,
    /// In the order of versions.
    versions: Box<[(Version, Result<Runnable, Unroutable>)]>,
    aliases: Box<[(AliasName, Alias)]>,
    policies: Box<[Policy]>,
    urls: Box<[Arc<UrlRoute>]>,
    event_configs: Box<[(Qualifier, Arc<EventConfig>)]>,
}

impl Routes {
    /// The code for one invocation; `random` chooses among the versions of a weighted alias.
    pub fn resolve(&self, id: &FunctionId, qualifier: Option<&Qualifier>, random: u64) -> Result<Route, Unroutable> {
        self.catch_up(|changing| changing == id);
        let entry = self.entry(id).ok_or(Unroutable::Absent)?;
        let version = match qualifier {
            None => Version::Latest,
            Some(Qualifier::Version(version)) => *version,
            Some(Qualifier::Alias(name)) => entry.alias(name).ok_or(Unroutable::Absent)?.choose(random),
        };
        let Runnable { version, role } = entry.version(version)?;
        Ok(Route { version, role: Some(role), reserved: entry.reserved })
    }

    /// Whether there is a function of this name, whatever its state.
    pub fn has(&self, id: &FunctionId) -> bool {
        self.catch_up(|changing| changing == id);
        self.entry(id).is_some()
    }

    /// What the first label of a function URL's host leads to.
    pub fn url(&self, url_id: &str) -> Option<Arc<UrlRoute>> {
        self.catch_up(|_| true); // whose URL it is shows only in the table
        self.read().urls.get(url_id).cloned()
    }

    /// The permissions on exactly this name of the function.
    pub fn policy(&self, id: &FunctionId, qualifier: Option<&Qualifier>) -> Arc<[Statement]> {
        self.catch_up(|changing| changing == id);
        let entry = self.entry(id);
        let found = entry.iter().flat_map(|entry| entry.policies.iter()).find(|(on, _)| on.as_ref() == qualifier);
        found.map(|(_, statements)| statements.clone()).unwrap_or_default()
    }

    /// How asynchronous invocations of exactly this name are treated, where that is configured.
    pub fn event_config(&self, id: &FunctionId, qualifier: Option<&Qualifier>) -> Option<Arc<EventConfig>> {
        self.catch_up(|changing| changing == id);
        let entry = self.entry(id)?;
        let is_meant = |on: &Qualifier| match qualifier {
            Some(qualifier) => on == qualifier,
            None => *on == Qualifier::Version(Version::Latest),
        };
        entry.event_configs.iter().find(|(on, _)| is_meant(on)).map(|(_, config)| config.clone())
    }

    /// Executions that are reserved, over all functions.
    pub fn reserved(&self) -> u32 {
        self.0.reserved.load(Ordering::Relaxed)
    }

    pub fn function_count(&self) -> usize {
        self.read().functions.len()
    }

    /// Reads every function from the store.
    pub(super) fn load(store: Store) -> Result<Routes, Error> {
        let functions = store.read(|read| rows::all_functions(read))?;
        let routes = Routes(Arc::new(Shared {
            store,
            table: RwLock::default(),
            changing: Mutex::default(),
            changing_count: AtomicUsize::new(0),
            reserved: AtomicU32::new(0),
            refreshing: Mutex::default(),
        }));
        functions.iter().try_for_each(|id| routes.refresh(id))?;
        Ok(routes)
    }

    /// Says that the function's rows are about to change.
    pub(super) fn changing(&self, id: &FunctionId) -> Changing {
        let mut changing = lock(&self.0.changing);
        *changing.entry(id.clone()).or_default() += 1;
        self.0.changing_count.store(changing.len(), Ordering::SeqCst);
        Changing { routes: self.clone(), id: id.clone() }
    }

    /// Reads the functions again whose rows may be ahead.
    fn catch_up(&self, wanted: impl Fn(&FunctionId) -> bool) {
        if self.0.changing_count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let behind: Vec<FunctionId> = lock(&self.0.changing).keys().filter(|id| wanted(id)).cloned().collect();
        for id in behind {
            if let Err(error) = self.refresh(&id) {
                tracing::error!(function = %id, %error, "a route may be older than its rows");
            }
        }
    }

    /// Shows the function as its rows have it now.
    fn refresh(&self, id: &FunctionId) -> Result<(), Error> {
        let _in_turn = lock(&self.0.refreshing);
        let entry = self.0.store.read(|read| entry_of(read, id))?;
        let mut table = self.0.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = table.functions.remove(id) {
            self.0.reserved.fetch_sub(before.reserved.unwrap_or(0), Ordering::Relaxed);
            for route in &before.urls {
                table.urls.remove(route.url.id.as_str());
            }
        }
        if let Some(entry) = entry {
            self.0.reserved.fetch_add(entry.reserved.unwrap_or(0), Ordering::Relaxed);
            for route in &entry.urls {
                table.urls.insert(route.url.id.as_str().into(), route.clone());
            }
            table.functions.insert(id.clone(), Arc::new(entry));
        }
        Ok(())
    }

    fn entry(&self, id: &FunctionId) -> Option<Arc<Entry>> {
        self.read().functions.get(id).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.table.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of a function's rows under way.
pub(super) struct Changing {
    routes: Routes,
    id: FunctionId,
}

impl Changing {
    /// The rows are as they are going to be: shows them.
    pub(super) fn done(self) -> Result<(), Error> {
        self.routes.refresh(&self.id)
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        let mut changing = lock(&self.routes.0.changing);
        match changing.get_mut(&self.id) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                changing.remove(&self.id);
            }
        }
        self.routes.0.changing_count.store(changing.len(), Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entry {
    fn version(&self, version: Version) -> Result<Runnable, Unroutable> {
        let place = self.versions.binary_search_by_key(&version, |(version, _)| *version);
        place.map_or(Err(Unroutable::Absent), |place| self.versions[place].1.clone())
    }

    fn alias(&self, name: &AliasName) -> Option<&Alias> {
        self.aliases.iter().find(|(known, _)| known == name).map(|(_, alias)| alias)
    }
}

fn entry_of(read: &mut impl Read, id: &FunctionId) -> Result<Option<Entry>, Error> {
    let Some(function) = rows::function(read, id)? else { return Ok(None) };
    let versions = rows::all_versions(read, id)?;
    let policies = rows::policies(read, id)?;
    let policies: Box<[Policy]> = policies.into_iter().map(|(on, statements)| (on, statements.into())).collect();
    let urls = rows::urls(read, id)?;
    let event_configs = rows::event_configs(read, id)?;
    let url = |(alias, url)| Arc::new(UrlRoute::new(id, alias, url, &policies));
    Ok(Some(Entry {
        reserved: function.reserved,
        versions: versions.into_iter().map(|(version, details)| (version, runnable(id, version, details))).collect(),
        aliases: rows::aliases(read, id)?.into(),
        event_configs: event_configs.into_iter().map(|(on, config)| (on, Arc::new(config))).collect(),
        urls: urls.into_iter().map(url).collect(),
        policies,
    }))
}

fn runnable(id: &FunctionId, version: Version, details: Details) -> Result<Runnable, Unroutable> {
    let Some(running) = details.running else {
        return Err(match details.state {
            State::Failed(reason) => Unroutable::Failed(reason),
            State::Pending | State::Active { .. } => Unroutable::Pending,
        });
    };
    let settings = running.settings;
    let role = settings.role.into();
    let version = Arc::new(FunctionVersion {
        account: id.scope.account.clone(),
        region: id.scope.region.clone(),
        name: id.name.clone(),
        version,
        revision: Revision(format!("{}:{version}", running.build).into()),
        code: running.code.id,
        kind: running.kind,
        runtime: settings.runtime.into(),
        handler: settings.handler.into(),
        environment: settings.environment,
        memory_mib: settings.memory_mib,
        timeout: settings.timeout,
        ephemeral_mib: settings.ephemeral_mib,
        notice: running.notice,
    });
    Ok(Runnable { version, role })
}
