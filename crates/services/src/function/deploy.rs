//! The operations that wait: code is prepared, changes are committed, routes are refreshed.
//!
//! Start reading at [`Functions::create`]. A package is given to the runtime before anything is written, and waited for
//! a short while ([`PREPARE_WAIT`]): one that is broken is refused at once, one that takes longer (a component that is
//! being compiled) goes on while the function is pending.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use store::{Snapshot, Store, Tx};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::lifecycle::{self, Leftovers, UpdateSettings};
use super::package::{PACKAGE_BYTES_MAX, UNPACKED_BYTES_MAX, Uploaded};
use super::version::{self, Publish};
use super::{Architecture, Code, Details, Error, FunctionId, Numbered, Qualifier, Routes, Settings, rows};
use crate::run::{CodeId, PackageSettings, PrepareError, Prepared, RunFunction};

/// How long an upload waits for its package to be checked. Unpacking 250 MiB takes about a second, compiling a large
/// component several.
const PREPARE_WAIT: Duration = Duration::from_secs(2);

/// What an invocation that has its route but not begun yet may need beside its timeout: starting and queueing.
const START_MAX: Duration = Duration::from_secs(60);

/// All functions of an installation. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Functions(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    routes: Routes,
    run: Arc<dyn RunFunction>,
    /// Code that a change under way has prepared or will refer to: not to be discarded.
    held: Mutex<HashMap<CodeId, usize>>,
    /// How many preparations are on their way to being settled.
    unsettled: watch::Sender<usize>,
}

/// A new function.
#[derive(Debug, Clone)]
pub struct Create {
    pub settings: Settings,
    pub package: Bytes,
    pub tags: BTreeMap<String, String>,
    pub publish: bool,
}

/// New code for a function. `revision` is what the caller believes to be the latest.
#[derive(Debug, Clone)]
pub struct UpdateCode {
    pub package: Bytes,
    pub architecture: Option<Architecture>,
    pub revision: Option<String>,
    pub publish: bool,
    /// Only tells what would come of it.
    pub dry_run: bool,
}

type PrepareOutcome = Result<Prepared, PrepareError>;

/// A preparation that is over or goes on.
enum Preparing {
    Over(PrepareOutcome),
    Running(JoinHandle<PrepareOutcome>),
}

impl Functions {
    /// Loads the routes and goes on with what was being prepared when the process last ended.
    pub fn open(store: Store, run: Arc<dyn RunFunction>) -> Result<Functions, Error> {
        let routes = Routes::load(store.clone())?;
        let functions =
            Functions(Arc::new(Inner { store, routes, run, held: Mutex::default(), unsettled: watch::Sender::new(0) }));
        functions.sweep()?;
        functions.resume()?;
        Ok(functions)
    }

    pub fn routes(&self) -> &Routes {
        &self.0.routes
    }

    pub async fn create(&self, id: &FunctionId, new: Create) -> Result<Numbered, Error> {
        self.0.store.read(|read| lifecycle::check_absent(read, id))?;
        new.settings.check()?;
        let (hold, uploaded, preparing) = self.upload(new.package, &new.settings.runtime).await?;
        let created =
            self.change(id, |tx| lifecycle::create(tx, id, &new.settings, &new.tags, &uploaded, new.publish)).await?;
        self.settle_later(id, &created.1, hold, preparing);
        Ok(created)
    }

    pub async fn update_code(&self, id: &FunctionId, update: UpdateCode) -> Result<Numbered, Error> {
        let revision = update.revision.as_deref();
        let before = self.0.store.read(|read| lifecycle::changeable(read, id, revision))?;
        let (hold, uploaded, preparing) = self.upload(update.package, &before.settings.runtime).await?;
        let operation =
            |tx: &mut Tx| lifecycle::update_code(tx, id, &uploaded, update.architecture, revision, update.publish);
        if update.dry_run {
            return self.try_out(&uploaded, operation).await;
        }
        let (updated, leftovers) = self.change(id, operation).await?;
        self.clean_up(&leftovers);
        self.settle_later(id, &updated.1, hold, preparing);
        Ok(updated)
    }

    pub async fn update_settings(&self, id: &FunctionId, update: &UpdateSettings) -> Result<Details, Error> {
        let updated = self.change(id, |tx| lifecycle::update_settings(tx, id, update)).await?;
        let hold = self.hold(updated.code.id);
        let preparing = self.prepare_again(&updated);
        self.settle_later(id, &updated, hold, preparing);
        Ok(updated)
    }

    pub async fn publish(&self, id: &FunctionId, publish: &Publish) -> Result<Numbered, Error> {
        self.change(id, |tx| version::publish(tx, id, publish)).await
    }

    pub async fn delete(&self, id: &FunctionId, qualifier: Option<&Qualifier>) -> Result<(), Error> {
        let leftovers = self.change(id, |tx| lifecycle::delete(tx, id, qualifier)).await?;
        self.clean_up(&leftovers);
        Ok(())
    }

    /// Runs a transaction on one function; its routes show the change before this returns. The future must be polled to
    /// its end: the faces run operations in tasks of their own, so that a client that hangs up does not end them.
    pub async fn change<T>(
        &self,
        id: &FunctionId,
        operation: impl FnMut(&mut Tx) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let changing = self.0.routes.changing(id);
        let done = self.0.store.transact(operation).await?;
        changing.done()?;
        Ok(done)
    }

    /// Reads functions in one consistent state.
    pub fn read<T>(&self, body: impl FnOnce(&mut Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        self.0.store.read(body)
    }

    /// The package of some code as it was uploaded.
    pub async fn package(&self, code: &CodeId) -> Result<Option<Bytes>, Error> {
        let Some(package) = self.0.store.read(|read| rows::package(read, code))? else { return Ok(None) };
        Ok(Some(self.on_disk(move |store| store.blobs().read(&package.blob)).await?))
    }

    /// Returns once nothing is being prepared.
    pub async fn settled(&self) {
        let mut unsettled = self.0.unsettled.subscribe();
        // The sender lives in `self`, so the wait ends only when the number is 0.
        let _ = unsettled.wait_for(|count| *count == 0).await;
    }
}

impl Functions {
    /// Has a package prepared and stored. A broken one is refused here, as long as that shows soon.
    async fn upload(&self, package: Bytes, runtime: &str) -> Result<(Hold, Uploaded, Preparing), Error> {
        let bytes = package.len() as u64;
        if bytes > PACKAGE_BYTES_MAX {
            return Err(Error::PackageTooLarge { bytes });
        }
        let id = CodeId(Sha256::digest(&package).into());
        let hold = self.hold(id);
        let preparing = self.prepare(id, package.clone(), runtime);
        let preparing = match wait_a_little(preparing).await {
            Preparing::Over(Err(error)) if is_broken(&error) => return Err(error.into()),
            preparing => preparing,
        };
        let blob = self.on_disk(move |store| store.blobs().put(package)).await?;
        Ok((hold, Uploaded { code: Code { id, bytes }, blob }, preparing))
    }

    fn prepare(&self, id: CodeId, package: Bytes, runtime: &str) -> JoinHandle<PrepareOutcome> {
        let run = self.0.run.clone();
        let settings = PackageSettings { runtime: runtime.into(), unpacked_bytes_max: UNPACKED_BYTES_MAX };
        let hold = self.hold(id);
        tokio::spawn(async move {
            let outcome = run.prepare(id, package, settings).await;
            drop(hold);
            outcome
        })
    }

    /// Prepares stored code, for new settings or after a restart; what is ready under this runtime stays so.
    fn prepare_again(&self, details: &Details) -> Preparing {
        if let Some(prepared) = details.prepared().filter(|_| self.0.run.holds(&details.code.id)) {
            return Preparing::Over(Ok(prepared));
        }
        let (functions, code, runtime) = (self.clone(), details.code.id, details.settings.runtime.clone());
        Preparing::Running(tokio::spawn(async move {
            let unavailable = |error: Error| PrepareError::Unavailable(error.to_string());
            match functions.package(&code).await.map_err(unavailable)? {
                Some(package) => over(functions.prepare(code, package, &runtime).await),
                None => Err(PrepareError::Unavailable("the package is gone".to_owned())),
            }
        }))
    }

    /// Runs what may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, store::Error> {
        let store = self.0.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|error| Err(store::Error::Unavailable(error.to_string())))
    }

    /// Discards what the last run of the process left: nothing runs yet.
    fn sweep(&self) -> Result<(), Error> {
        for code in self.0.store.read(|read| rows::all_unused(read))? {
            self.discard_later(code, Duration::ZERO);
        }
        Ok(())
    }

    fn resume(&self) -> Result<(), Error> {
        let unsettled = self.0.store.read(|read| {
            let mut found = Vec::new();
            for id in rows::all_functions(read)? {
                let versions = rows::all_versions(read, &id)?;
                let mut open = versions.into_iter().filter(|(_, details)| details.unsettled());
                // A version published meanwhile has the same build as `$LATEST` and settles with it.
                found.extend(open.next().map(|(_, details)| (id, details)));
            }
            Ok::<_, Error>(found)
        })?;
        for (id, details) in unsettled {
            let hold = self.hold(details.code.id);
            self.settle_later(&id, &details, hold, self.prepare_again(&details));
        }
        Ok(())
    }

    /// Writes how the preparation ends, once it does.
    fn settle_later(&self, id: &FunctionId, details: &Details, hold: Hold, preparing: Preparing) {
        let (functions, id, build) = (self.clone(), id.clone(), details.build.clone());
        let counted = Counted::new(&self.0);
        tokio::spawn(async move {
            let outcome = match preparing {
                Preparing::Over(outcome) => outcome,
                Preparing::Running(task) => over(task.await),
            };
            match functions.change(&id, |tx| lifecycle::settle(tx, &id, &build, &outcome)).await {
                Ok(leftovers) => functions.clean_up(&leftovers),
                Err(error) => tracing::error!(function = %id, %error, "the end of a preparation could not be written"),
            }
            drop(hold);
            drop(counted);
        });
    }

    /// What would come of a change of code, without it. The upload is dropped.
    async fn try_out<T>(
        &self,
        uploaded: &Uploaded,
        mut operation: impl FnMut(&mut Tx) -> Result<(T, Leftovers), Error>,
    ) -> Result<T, Error> {
        let tried = self.0.store.transact(|tx| match operation(tx) {
            Ok((done, _)) => Err::<(), _>(Trial::Would(done)),
            Err(error) => Err(Trial::Fails(error)),
        });
        let outcome = match tried.await {
            Err(Trial::Would(done)) => Ok(done),
            Err(Trial::Fails(error)) => Err(error),
            Ok(()) => unreachable!("the transaction always ends in an error"),
        };
        self.0
            .store
            .transact(|tx| {
                tx.drop_blob(&uploaded.blob);
                Ok::<_, Error>(())
            })
            .await?;
        outcome
    }

    fn hold(&self, code: CodeId) -> Hold {
        *self.held().entry(code).or_default() += 1;
        Hold { functions: self.clone(), code }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<CodeId, usize>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clean_up(&self, leftovers: &Leftovers) {
        leftovers.revisions.iter().for_each(|revision| self.0.run.retire(revision));
        leftovers.code.iter().for_each(|code| self.discard_later(*code, leftovers.runs_on + START_MAX));
    }

    /// Discards unused code once nothing can run it any more. A stop in between leaves that to the next start.
    fn discard_later(&self, code: CodeId, runs_on: Duration) {
        let functions = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(runs_on).await;
            if functions.discard_unless_needed(&code, |unused| unused) {
                let forget = |tx: &mut Tx| {
                    rows::delete_unused(tx, &code);
                    Ok::<_, Error>(())
                };
                if let Err(error) = functions.0.store.transact(forget).await {
                    tracing::warn!(%error, "discarded code is discarded again at the next start");
                }
            }
        });
    }

    /// Lets the runtime delete what it made of code, unless a change under way holds it, a version refers to it, or
    /// `due` says no, which is told whether the code was in use and is not any more.
    fn discard_unless_needed(&self, code: &CodeId, due: impl FnOnce(bool) -> bool) -> bool {
        let held = self.held();
        if held.contains_key(code) {
            return false; // what holds it refers to it, or lets go of it and comes here again
        }
        let read = self.0.store.read(|read| Ok::<_, Error>((rows::package(read, code)?, rows::is_unused(read, code)?)));
        match read {
            Ok((None, unused)) if due(unused) => {
                self.0.run.discard(code);
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(%error, "unused code is left behind");
                false
            }
        }
    }
}

/// Keeps code from being discarded while a change that needs it is under way.
struct Hold {
    functions: Functions,
    code: CodeId,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.functions.held();
        match held.get_mut(&self.code) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                held.remove(&self.code);
                drop(held);
                // Code that was in use is discarded later: something may still run it.
                self.functions.discard_unless_needed(&self.code, |unused| !unused);
            }
        }
    }
}

/// One preparation that is not settled yet.
struct Counted(Arc<Inner>);

impl Counted {
    fn new(inner: &Arc<Inner>) -> Counted {
        inner.unsettled.send_modify(|count| *count += 1);
        Counted(inner.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.unsettled.send_modify(|count| *count -= 1);
    }
}

/// How a trial of a transaction ends: always with an error, so that nothing is written.
enum Trial<T> {
    Would(T),
    Fails(Error),
}

impl<T> From<store::Error> for Trial<T> {
    fn from(error: store::Error) -> Trial<T> {
        Trial::Fails(error.into())
    }
}

async fn wait_a_little(mut task: JoinHandle<PrepareOutcome>) -> Preparing {
    match tokio::time::timeout(PREPARE_WAIT, &mut task).await {
        Ok(joined) => Preparing::Over(over(joined)),
        Err(_) => Preparing::Running(task),
    }
}

fn over(joined: Result<PrepareOutcome, tokio::task::JoinError>) -> PrepareOutcome {
    joined.unwrap_or_else(|error| Err(PrepareError::Unavailable(error.to_string())))
}

/// Whether the package itself is at fault, whatever runs it.
fn is_broken(error: &PrepareError) -> bool {
    match error {
        PrepareError::BadArchive(_) | PrepareError::UnsafePath(_) | PrepareError::TooLarge { .. } => true,
        PrepareError::BadComponent(_) | PrepareError::NoInterpreter(_) | PrepareError::Unavailable(_) => false,
    }
}
