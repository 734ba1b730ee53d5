#!/bin/sh
# Tests the result through the API: sign-in, history, isolation, realtime. Ends with an error when anything fails.
#   scripts/test_migration.sh --credentials accounts.txt
set -eu
cd "$(dirname "$0")/.."
exec "${PASSERELLE:-passerelle}" migrate test "$@"
