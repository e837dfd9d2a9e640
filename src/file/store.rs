//! Where objects are stored: in a directory, or in a bucket of an S3 service. An object is written once under a name that
//! nothing else has, is there whole or not at all, and never changes.

use std::{
    ops::Range,
    path::{Path as Folder, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use uuid::Uuid;

use super::s3::{self, S3Options};
use crate::kernel::{Error, Result};

/// Bytes of a part of an object in a directory, of which one is in memory.
const DIRECTORY_PART: usize = 1 << 20;
/// The same in a bucket, where parts have at least 5 MiB and there are at most 10,000.
const BUCKET_PART: usize = 5 << 20;

/// The store that a server is configured with.
#[derive(Debug, Clone, Default)]
pub enum StoreOptions {
    /// Files are not accepted.
    #[default]
    Nowhere,
    Directory(PathBuf),
    S3(S3Options),
}

/// The name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectName {
    pub clinic: Uuid,
    pub object: Uuid,
}

impl ObjectName {
    fn path(self) -> Path {
        Path::from_iter([self.clinic.to_string(), self.object.to_string()])
    }

    fn read(path: &Path) -> Option<Self> {
        let mut parts = path.parts();
        let mut part = || Uuid::try_parse(parts.next()?.as_ref()).ok();
        let name = Self { clinic: part()?, object: part()? };
        parts.next().is_none().then_some(name)
    }
}

/// Checks that a store can be opened with these options.
pub fn check_store(options: &StoreOptions) -> Result<()> {
    Store::open(options).map(drop)
}

/// A store that is open.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    directory: Option<PathBuf>,
    part: usize,
}

impl Store {
    /// Opens the configured store; a directory is created if it is missing.
    pub fn open(options: &StoreOptions) -> Result<Option<Self>> {
        match options {
            StoreOptions::Nowhere => Ok(None),
            StoreOptions::Directory(directory) => {
                create_private(directory).map_err(|error| {
                    Error::unavailable(format!("cannot create the directory {}: {error}", directory.display()))
                })?;
                let objects = LocalFileSystem::new_with_prefix(directory).map_err(Error::unavailable)?.with_fsync(true);
                Ok(Some(Self { objects: Arc::new(objects), directory: Some(directory.clone()), part: DIRECTORY_PART }))
            }
            StoreOptions::S3(options) => {
                Ok(Some(Self { objects: Arc::new(s3::open(options)?), directory: None, part: BUCKET_PART }))
            }
        }
    }

    /// Begins an object. It is not there before [`Writing::finish`], and never if that is not called.
    pub async fn write(&self, name: ObjectName) -> Result<Writing> {
        let upload = self.objects.put_multipart(&name.path()).await.map_err(Error::unavailable)?;
        Ok(Writing { upload, part: self.part, filled: Vec::new() })
    }

    /// A part of an object.
    pub async fn read(&self, name: ObjectName, range: Range<u64>) -> Result<Bytes> {
        self.objects.get_range(&name.path(), range).await.map_err(|error| failed(name, error))
    }

    /// The bytes that an object has.
    pub async fn size(&self, name: ObjectName) -> Result<u64> {
        Ok(self.objects.head(&name.path()).await.map_err(|error| failed(name, error))?.size)
    }

    /// Removes an object, or finds that it is gone.
    pub async fn remove(&self, name: ObjectName) -> Result<()> {
        match self.objects.delete(&name.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    /// The names of all objects that were written before a time.
    pub fn written_before(&self, time: DateTime<Utc>) -> BoxStream<'static, Result<ObjectName>> {
        let objects = self.objects.list(None).map_err(Error::unavailable);
        let old = objects.try_filter_map(move |object| async move {
            Ok(ObjectName::read(&object.location).filter(|_| object.last_modified < time))
        });
        old.boxed()
    }

    /// Removes what is left of objects whose writing was cut off before a time. In a bucket, the service does it by a rule of
    /// its own.
    pub async fn remove_unfinished(&self, before: DateTime<Utc>) -> Result<usize> {
        let Some(directory) = self.directory.clone() else { return Ok(0) };
        let removed = tokio::task::spawn_blocking(move || remove_unfinished(&directory, before)).await;
        removed.map_err(Error::internal)?.map_err(Error::unavailable)
    }
}

/// An object that is missing although a row names it is a fault of this server or of its store.
fn failed(name: ObjectName, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::internal(format!("the object {} is missing", name.path())),
        error => Error::unavailable(error),
    }
}

/// Creates a directory that only the owner of the process can read.
fn create_private(directory: &Folder) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// What is being written has a `#` in its name.
fn remove_unfinished(directory: &Folder, before: DateTime<Utc>) -> std::io::Result<usize> {
    let mut removed = 0;
    for clinic in std::fs::read_dir(directory)?.filter_map(Result::ok) {
        if !clinic.file_type()?.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(clinic.path())?.filter_map(Result::ok) {
            let is_unfinished = entry.file_name().to_string_lossy().contains('#');
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let is_old = written.is_ok_and(|at| DateTime::<Utc>::from(at) < before);
            if is_unfinished && is_old {
                std::fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// An object that is being written.
pub struct Writing {
    upload: Box<dyn MultipartUpload>,
    part: usize,
    filled: Vec<u8>,
}

impl Writing {
    /// Where bytes are appended, followed by [`Self::flush`].
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.filled
    }

    /// Writes the parts that are full.
    pub async fn flush(&mut self) -> Result<()> {
        while self.filled.len() >= self.part {
            let rest = self.filled.split_off(self.part);
            self.put(rest).await?;
        }
        Ok(())
    }

    async fn put(&mut self, rest: Vec<u8>) -> Result<()> {
        let part = std::mem::replace(&mut self.filled, rest);
        self.upload.put_part(PutPayload::from(part)).await.map_err(Error::unavailable)
    }

    /// Writes the rest, and makes the object durable and visible.
    pub async fn finish(mut self) -> Result<()> {
        if !self.filled.is_empty() {
            self.put(Vec::new()).await?;
        }
        self.upload.complete().await.map(|_| ()).map_err(Error::unavailable)
    }

    /// Gives the object up.
    pub async fn give_up(mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::debug!(%error, "what was written of an object could not be removed");
        }
    }
}
