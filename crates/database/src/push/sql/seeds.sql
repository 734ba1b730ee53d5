-- Seeds that were applied. columns: path, sha256
select path, hash from supabase_migrations.seed_files
