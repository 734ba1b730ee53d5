#!/bin/sh
# Moves the users with their passwords and fills public.user_id_mapping.
#   OLD_DATABASE_URL      the old database
#   SUPABASE_URL          the API (default: http://localhost:8000)
#   SUPABASE_SERVICE_KEY  its service key
#   DRY_RUN               true (default) shows what would happen; false does it, once MIGRATE is typed
set -eu
cd "$(dirname "$0")/.."
: "${OLD_DATABASE_URL:?is the old database\'s address, such as postgresql://insight_user@localhost:5433/insight_db}"
DRY_RUN="${DRY_RUN:-true}"
SUPABASE_URL="${SUPABASE_URL:-http://localhost:8000}"
export OLD_DATABASE_URL SUPABASE_URL DRY_RUN
if [ "$DRY_RUN" = false ]; then
  printf 'Users will be made on %s. Type MIGRATE to go on: ' "$SUPABASE_URL" >&2
  read -r answer || answer=
  if [ "$answer" != MIGRATE ]; then
    echo 'Nothing was changed.' >&2
    exit 6
  fi
  set -- --yes "$@"
fi
exec "${PASSERELLE:-passerelle}" migrate users "$@"
