#!/bin/sh
# Makes JWT_SECRET, ANON_KEY, SERVICE_ROLE_KEY and POSTGRES_PASSWORD in supabase/.env; keeps those that are there.
set -eu
cd "$(dirname "$0")/.."
exec "${PASSERELLE:-passerelle}" keys generate "$@"
