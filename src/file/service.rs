//! What the file module works with: the store, the keys, the scanner and the limits, shared by mutations, transfers and jobs.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryDsl, QueryableByName, sql_query,
    sql_types::{BigInt, Nullable, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use futures_util::Stream;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::{
    FileScanStatus,
    content::Content,
    limits::FileSettings,
    places::Places,
    scan::Verdict,
    seal::{FileKey, Sealer},
    store::{ObjectName, Store, Writing},
};
use crate::{
    clinic::Clinic,
    kernel::{
        Code, Error, Id, Result,
        clock::Clock,
        db::{Database, Scope},
        links::Links,
        secrets::{KeyRing, Place},
    },
    schema::clinics,
};

/// What files are stored, sealed and scanned with; clones share it.
#[derive(Clone)]
pub struct Files(Arc<Parts>);

struct Parts {
    settings: FileSettings,
    store: Option<Store>,
    database: Database,
    ring: Arc<KeyRing>,
    clock: Clock,
    links: Links,
    uploads: Places,
    /// One for each upload: the same address is used by one request at a time.
    receiving: Places,
    downloads: Places,
    /// Time at which the objects of the store were last compared with the rows.
    listed_at: Mutex<Option<DateTime<Utc>>>,
    /// Images are decoded by two at once, as each may take much memory.
    decoding: Semaphore,
}

/// What is stored of an object.
#[derive(Debug, Clone)]
pub struct Object {
    pub clinic: Uuid,
    pub object: Uuid,
    pub sealed_key: Vec<u8>,
    pub size: u64,
}

impl Object {
    #[must_use]
    pub fn name(&self) -> ObjectName {
        ObjectName { clinic: self.clinic, object: self.object }
    }
}

impl Files {
    pub fn new(
        settings: FileSettings,
        database: Database,
        ring: Arc<KeyRing>,
        links: Links,
        clock: Clock,
    ) -> Result<Self> {
        let limits = &settings.limits;
        Ok(Self(Arc::new(Parts {
            store: Store::open(&settings.store)?,
            links,
            uploads: Places::new(limits.transfers, limits.transfers_of_clinic),
            receiving: Places::new(usize::MAX, 1),
            downloads: Places::new(limits.transfers, limits.transfers_of_clinic),
            listed_at: Mutex::default(),
            decoding: Semaphore::new(2),
            settings,
            database,
            ring,
            clock,
        })))
    }

    #[must_use]
    pub fn settings(&self) -> &FileSettings {
        &self.0.settings
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    #[must_use]
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    #[must_use]
    pub fn uploads(&self) -> &Places {
        &self.0.uploads
    }

    #[must_use]
    pub fn receiving(&self) -> &Places {
        &self.0.receiving
    }

    #[must_use]
    pub fn downloads(&self) -> &Places {
        &self.0.downloads
    }

    /// Whether the objects of the store are compared with the rows now. That reads all their names, so it is done once a day.
    pub fn is_time_to_list(&self, now: DateTime<Utc>) -> bool {
        let mut listed_at = self.0.listed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = listed_at.is_none_or(|at| now - at >= TimeDelta::days(1));
        if is_time {
            *listed_at = Some(now);
        }
        is_time
    }

    /// A turn to decode an image, for as long as the permit lives.
    pub async fn turn_to_decode(&self) -> Result<SemaphorePermit<'_>> {
        self.0.decoding.acquire().await.map_err(Error::internal)
    }

    /// The store, or `UNAVAILABLE` if none is configured.
    pub fn require_store(&self) -> Result<&Store> {
        let none = || Error::new(Code::Unavailable, "this server does not store files");
        self.0.store.as_ref().ok_or_else(none)
    }

    /// `LIMIT_REACHED` if a clinic's files would have more bytes than its plan allows. Others who ask for the same clinic wait
    /// until the transaction has ended.
    pub async fn check_quota(&self, scope: &Scope, clinic: Id<Clinic>, more: i32) -> Result<()> {
        #[derive(QueryableByName)]
        struct Bytes {
            #[diesel(sql_type = Nullable<BigInt>)]
            bytes: Option<i64>,
        }
        let tx = scope.tx().await?;
        let plan: String =
            clinics::table.find(clinic).select(clinics::subscription_plan).first(&mut tx.conn()?).await?;
        let used: Bytes = sql_query("select private.file_bytes($1) as bytes")
            .bind::<SqlUuid, _>(clinic.uuid())
            .get_result(&mut tx.conn()?)
            .await?;
        let used = used.bytes.ok_or_else(|| Error::not_found("clinic"))?.unsigned_abs();
        let quota = self.0.settings.quota(&plan);
        if used + u64::from(more.unsigned_abs()) <= quota {
            return Ok(());
        }
        let message = format!(
            "the files of the clinic may have {quota} bytes in its plan; they have {used}, and this one would have {more} more"
        );
        Err(Error::new(Code::LimitReached, message).limit(quota).at("input.sizeBytes"))
    }

    /// Begins a new object of a clinic.
    pub async fn write(&self, clinic: Uuid) -> Result<NewObject> {
        let name = ObjectName { clinic, object: Uuid::now_v7() };
        let sealer = Sealer::new(FileKey::generate(name.object)?);
        Ok(NewObject {
            name,
            sealer,
            writing: self.require_store()?.write(name).await?,
            size: 0,
            ring: Arc::clone(&self.0.ring),
        })
    }

    /// Removes an object that no row names, or notes that it is still there.
    pub async fn discard(&self, name: ObjectName) {
        let removed = match self.require_store() {
            Ok(store) => store.remove(name).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, cause = ?error.cause(), object = %name.object, "an object without a file is removed later");
        }
    }

    /// The content of an object.
    pub fn content(&self, object: &Object) -> Result<Content> {
        let row = object.object.to_string();
        let key = self.0.ring.open(place(&row), &object.sealed_key)?;
        let key = FileKey::read(&key, object.object)?;
        Ok(Content { store: self.require_store()?.clone(), name: object.name(), key, size: object.size })
    }

    /// Scans an object for viruses; without a scanner it counts as not scanned. With the name of what was found.
    pub async fn scan(&self, object: &Object) -> Result<(FileScanStatus, Option<String>)> {
        let Some(scanner) = &self.0.settings.scanner else { return Ok((FileScanStatus::NotScanned, None)) };
        let content = self.whole(object)?;
        Ok(match scanner.scan(content).await? {
            Verdict::Clean => (FileScanStatus::Clean, None),
            Verdict::Infected(finding) => (FileScanStatus::Infected, Some(finding)),
            Verdict::Unknown(reason) => {
                tracing::warn!(reason, object = %object.object, "a file could not be scanned and is not served yet");
                (FileScanStatus::Pending, None)
            }
        })
    }

    fn whole(&self, object: &Object) -> Result<impl Stream<Item = Result<bytes::Bytes>> + Send + use<>> {
        Ok(self.content(object)?.stream(0..object.size))
    }
}

/// Where the key of an object is stored; the row is the object, as the key moves from the upload to the file.
fn place(row: &str) -> Place<'_> {
    Place { table: "files", column: "sealed_key", row }
}

/// An object that is being written.
pub struct NewObject {
    name: ObjectName,
    sealer: Sealer,
    writing: Writing,
    size: u64,
    ring: Arc<KeyRing>,
}

impl NewObject {
    /// Adds a piece of the content.
    pub async fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.size += piece.len() as u64;
        // A large piece must not become a large buffer.
        for piece in piece.chunks(1 << 20) {
            self.sealer.push(piece, self.writing.buffer())?;
            self.writing.flush().await?;
        }
        Ok(())
    }

    /// Makes the object durable.
    pub async fn finish(mut self) -> Result<Object> {
        let key = self.sealer.finish(self.writing.buffer())?;
        self.writing.flush().await?;
        self.writing.finish().await?;
        let row = self.name.object.to_string();
        let sealed_key = self.ring.seal(place(&row), key.bytes())?;
        Ok(Object { clinic: self.name.clinic, object: self.name.object, sealed_key, size: self.size })
    }

    /// Gives the object up.
    pub async fn give_up(self) {
        self.writing.give_up().await;
    }
}
