"""The unmodified `supabase` client for Python against a running server, as two people would use it.

Environment: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_KEY; fixtures/front_door.sql is loaded.
"""

import asyncio
import os
import time
import unittest

from supabase import AsyncClientOptions, acreate_client
from supabase_auth.errors import AuthApiError
from postgrest.exceptions import APIError
from storage3.exceptions import StorageApiError

URL = os.environ["SUPABASE_URL"]
ANON = os.environ["SUPABASE_ANON_KEY"]
SERVICE = os.environ["SUPABASE_SERVICE_KEY"]
RUN = format(time.time_ns(), "x")


async def connect(key=ANON):
    options = AsyncClientOptions(auto_refresh_token=False, persist_session=True)
    return await acreate_client(URL, key, options=options)


async def person(name):
    client = await connect()
    credentials = {"email": f"py-{name}-{RUN}@example.com", "password": f"correct-horse-{name}"}
    try:
        await client.auth.sign_up(credentials)
    except AuthApiError as error:
        if error.code != "user_already_exists":
            raise
    answer = await client.auth.sign_in_with_password(credentials)
    return client, answer.user, credentials


class FrontDoor(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.ada, self.ada_user, self.ada_credentials = await person("ada")
        self.bob, self.bob_user, _ = await person("bob")

    async def asyncTearDown(self):
        for client in (self.ada, self.bob):
            await client.remove_all_channels()

    async def test_a_wrong_password_is_refused(self):
        client = await connect()
        with self.assertRaises(AuthApiError) as caught:
            await client.auth.sign_in_with_password({**self.ada_credentials, "password": "wrong-one"})
        self.assertEqual(caught.exception.status, 400)
        self.assertEqual(caught.exception.code, "invalid_credentials")

    async def test_a_session_is_refreshed_and_read(self):
        refreshed = await self.ada.auth.refresh_session()
        self.assertTrue(refreshed.session.access_token)
        user = await self.ada.auth.get_user()
        self.assertEqual(user.user.id, self.ada_user.id)
        changed = await self.ada.auth.update_user({"data": {"nickname": "Countess"}})
        self.assertEqual(changed.user.user_metadata["nickname"], "Countess")

    async def test_an_operator_manages_users(self):
        admin = (await connect(SERVICE)).auth.admin
        made = await admin.create_user(
            {"email": f"py-carol-{time.time_ns()}@example.com", "password": "correct-horse", "email_confirm": True}
        )
        self.assertIsNotNone(made.user.email_confirmed_at)
        self.assertEqual(len(await admin.list_users(page=1, per_page=2)), 2)
        await admin.delete_user(made.user.id)
        with self.assertRaises(AuthApiError) as caught:
            await admin.get_user_by_id(made.user.id)
        self.assertEqual(caught.exception.status, 404)

    async def test_rows_are_kept_apart(self):
        body = f"note {time.time_ns()}"
        written = await self.ada.table("notes").insert({"body": body, "project_id": 2}).execute()
        self.assertEqual(written.data[0]["owner"], self.ada_user.id)
        mine = await self.ada.table("notes").select("body, project:projects(name)").eq("body", body).execute()
        self.assertEqual(mine.data, [{"body": body, "project": {"name": "Gateway"}}])
        foreign = await self.bob.table("notes").select("body").eq("body", body).execute()
        self.assertEqual(foreign.data, [])
        with self.assertRaises(APIError) as caught:
            await self.bob.table("notes").insert({"body": "forged", "owner": self.ada_user.id}).execute()
        self.assertEqual(caught.exception.code, "42501")
        counted = await self.ada.table("notes").select("id", count="exact").eq("body", body).execute()
        self.assertEqual(counted.count, 1)
        called = await self.ada.rpc("count_notes", {"done_only": True}).execute()
        self.assertEqual(called.data, 0)

    async def test_files_go_up_and_come_back(self):
        path = f"{self.ada_user.id}/{time.time_ns()}.txt"
        bucket = self.ada.storage.from_("private")
        await bucket.upload(path, b"hello", {"content-type": "text/plain"})
        self.assertEqual(await bucket.download(path), b"hello")
        with self.assertRaises(StorageApiError):
            await self.bob.storage.from_("private").download(path)
        signed = await bucket.create_signed_url(path, 60)
        self.assertIn("/storage/v1/object/sign/private/", signed["signedURL"])
        self.assertEqual(len(await bucket.remove([path])), 1)

    async def test_broadcast_and_changes_arrive(self):
        heard = asyncio.get_running_loop().create_future()
        changed = asyncio.get_running_loop().create_future()
        room = f"py-room-{time.time_ns()}"
        receiver = self.bob.channel(room)
        receiver.on_broadcast("shout", lambda message: heard.done() or heard.set_result(message))
        await subscribed(receiver)
        sender = self.ada.channel(room)
        sender.on_postgres_changes(
            "INSERT", schema="public", table="notes", callback=lambda change: changed.done() or changed.set_result(change)
        )
        await subscribed(sender)
        await sender.send_broadcast("shout", {"loud": True})
        self.assertEqual((await asyncio.wait_for(heard, 120))["payload"], {"loud": True})
        # On a busy server the bindings may be live only after the join was answered.
        for _ in range(120):
            await self.ada.table("notes").insert({"body": "live from python"}).execute()
            if (await asyncio.wait([changed], timeout=1))[0]:
                break
        change = await asyncio.wait_for(changed, 1)
        self.assertEqual(change["data"]["record"]["body"], "live from python")


async def subscribed(channel):
    done = asyncio.get_running_loop().create_future()

    def on_status(status, error):
        if str(status).endswith("SUBSCRIBED") and not done.done():
            done.set_result(None)
        elif error is not None and not done.done():
            done.set_exception(error)

    await channel.subscribe(on_status)
    await asyncio.wait_for(done, 120)


if __name__ == "__main__":
    unittest.main()
