-- Forgets the S3 uploads of a bucket that were never completed. $1 bucket.
delete from storage.s3_multipart_uploads where bucket_id = $1
