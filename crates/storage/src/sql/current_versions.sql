-- Which of these versions some row names. $1 versions.
select version from storage.objects where version = any ($1)
union
select version from storage.s3_multipart_uploads where version = any ($1)
