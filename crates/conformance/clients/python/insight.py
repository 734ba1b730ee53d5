"""The unmodified `supabase` client for Python does what the migrated application's gateway does.

Environment: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_KEY, INSIGHT_EMAIL, INSIGHT_PASSWORD,
INSIGHT_OTHER_EMAIL, INSIGHT_OTHER_PASSWORD, INSIGHT_BANNED_EMAIL, INSIGHT_BANNED_PASSWORD.
"""

import os
import unittest

from postgrest.exceptions import APIError
from supabase import create_client
from supabase_auth.errors import AuthApiError

URL = os.environ["SUPABASE_URL"]
ANON = os.environ["SUPABASE_ANON_KEY"]
SERVICE = os.environ["SUPABASE_SERVICE_KEY"]


def sign_in(prefix):
    client = create_client(URL, ANON)
    credentials = {"email": os.environ[f"{prefix}_EMAIL"], "password": os.environ[f"{prefix}_PASSWORD"]}
    return client, client.auth.sign_in_with_password(credentials).user


class Insight(unittest.TestCase):
    def test_an_old_password_signs_in(self):
        # MIG-TEST-03, MIG-TEST-09
        _, user = sign_in("INSIGHT")
        self.assertEqual(user.aud, "authenticated")
        self.assertGreater(user.app_metadata["legacy_id"], 0)

    def test_a_disabled_account_cannot_sign_in(self):
        # MIG-USR-07
        with self.assertRaises(AuthApiError) as refused:
            sign_in("INSIGHT_BANNED")
        self.assertEqual(refused.exception.code, "user_banned")

    def test_everybody_reads_their_own_history_and_nobody_elses(self):
        # MIG-TEST-05, MIG-TEST-06
        one, user = sign_in("INSIGHT")
        other, _ = sign_in("INSIGHT_OTHER")
        mine = one.table("user_conversations").select("id, user_id", count="exact").execute()
        self.assertGreater(mine.count, 0)
        self.assertTrue(all(row["user_id"] == user.id for row in mine.data))
        theirs = other.table("user_conversations").select("id").eq("user_id", user.id).execute()
        self.assertEqual(theirs.data, [])
        with self.assertRaises(APIError) as refused:
            other.table("user_id_mapping").select("*").execute()
        self.assertEqual(refused.exception.code, "42501")

    def test_the_gateway_administers(self):
        # MIG-ART-10: the calls of the application's gateway.
        client = create_client(URL, SERVICE)
        _, user = sign_in("INSIGHT")
        self.assertEqual(client.auth.admin.get_user_by_id(user.id).user.email, os.environ["INSIGHT_EMAIL"])
        self.assertGreaterEqual(len(client.auth.admin.list_users()), 5)
        mapping = client.table("user_id_mapping").select("*").eq("email", os.environ["INSIGHT_EMAIL"]).execute()
        self.assertEqual(mapping.data[0]["supabase_user_id"], user.id)


if __name__ == "__main__":
    unittest.main(verbosity=2)
