//! The storage service.

use std::path::PathBuf;

use crate::ByteSize;
use crate::section::section;

section! {
    /// The storage service.
    pub struct Storage in "storage" {
        /// Folder of the files. Empty: `storage` in the data folder.
        pub dir: Option<PathBuf> = "", env ["FILE_STORAGE_BACKEND_PATH", "STORAGE_FILE_BACKEND_PATH"];
        /// Greatest upload.
        pub file_size_limit: ByteSize = "52428800", env ["FILE_SIZE_LIMIT", "UPLOAD_FILE_SIZE_LIMIT"];
    }
}
