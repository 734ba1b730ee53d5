//! The storage service.

use std::path::PathBuf;
use std::time::Duration;

use crate::ByteSize;
use crate::section::section;

section! {
    /// The storage service.
    pub struct Storage in "storage" {
        /// Folder of the files. Empty: `storage` in the data folder.
        pub dir: Option<PathBuf> = "", env ["FILE_STORAGE_BACKEND_PATH", "STORAGE_FILE_BACKEND_PATH"];
        /// Greatest upload.
        pub file_size_limit: ByteSize = "52428800", env ["FILE_SIZE_LIMIT", "UPLOAD_FILE_SIZE_LIMIT"];
        /// Greatest upload in one request, where it is less than that of resumable uploads.
        pub standard_file_size_limit: Option<ByteSize> = "", env ["UPLOAD_FILE_SIZE_LIMIT_STANDARD"];
        /// How long the address of a signed upload is good.
        pub signed_upload_lifetime: Duration = "2h", env ["UPLOAD_SIGNED_URL_EXPIRATION_TIME"];
        /// Time limit of a statement run for a caller, milliseconds.
        pub statement_timeout_ms: u64 = "30000", env ["DATABASE_STATEMENT_TIMEOUT"];
        /// Most objects that emptying a bucket removes.
        pub empty_bucket_max: u64 = "200000", env ["STORAGE_EMPTY_BUCKET_MAX"];
        /// Seconds that shared caches may keep public files; 0 leaves it to the file's own cache control.
        pub shared_max_age: u64 = "0", env ["RESPONSE_S_MAXAGE"];
        /// Refuse requests that name more than 1000 objects.
        pub bulk_limit: bool = "false", env ["REQUEST_HARD_LIMITS_ENABLED"];
        /// Upstream's name for the folder of all tenants, looked into when a folder was taken over.
        pub global_bucket: String = "stub", env ["GLOBAL_S3_BUCKET", "STORAGE_S3_BUCKET"];
        /// Upstream's name of the one tenant; also the S3 access key of user sessions.
        pub tenant_id: String = "stub", env ["STORAGE_TENANT_ID", "TENANT_ID"];
        /// Region that the S3 protocol answers with.
        pub region: String = "stub", env ["REGION", "STORAGE_S3_REGION"];
    }
}
