"""Every method of the unmodified `postgrest` for Python, one case each, against a running server.

The methods are listed by reflection: one that a new version brings fails here until it has a case.
Environment: SUPABASE_URL, SUPABASE_SERVICE_KEY; fixtures/postgrest.sql is loaded.
"""

import inspect
import json
import os
import time
import unittest

import postgrest.base_request_builder as base
from postgrest import AsyncPostgrestClient, SyncPostgrestClient
from postgrest._async import request_builder as asynchronous
from postgrest._sync import request_builder as synchronous
from postgrest.exceptions import APIError
from postgrest.types import CountMethod

KEY = os.environ["SUPABASE_SERVICE_KEY"]
ADDRESS = os.environ["SUPABASE_URL"] + "/rest/v1"
HEADERS = {"apikey": KEY, "Authorization": f"Bearer {KEY}"}
RUN = format(time.time_ns(), "x")


def methods():
    """Public methods and properties of all that a query is built with."""
    kinds = [AsyncPostgrestClient]
    for module in (asynchronous, base):
        kinds += [kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__name__.endswith("Builder")]
    names = set()
    for kind in kinds:
        names |= {
            name
            for name, value in vars(kind).items()
            if not name.startswith("_") and (callable(value) or isinstance(value, property))
        }
    return names


# What each filter leaves of the shelf; the client writes ranges without their lower bound. REST-CLI-04, REST-FLT-03
FILTERS = {
    "adj": (lambda shelf: shelf.adj("span", (4, 9)), [1]),
    "cd": (lambda shelf: shelf.cd("tags", ["love", "city"]), [2, 3, 4]),
    "contained_by": (lambda shelf: shelf.contained_by("meta", {"a": 2, "z": 1}), [2]),
    "contains": (lambda shelf: shelf.contains("tags", ["love"]), [2, 3]),
    "cs": (lambda shelf: shelf.cs("tags", ["love"]), [2, 3]),
    "eq": (lambda shelf: shelf.eq("title", "Dune"), [1]),
    "filter": (lambda shelf: shelf.filter("title", "in", '("Dune","Emma")'), [1, 2]),
    "fts": (lambda shelf: shelf.fts("words", "dune"), [1, 4]),
    "gt": (lambda shelf: shelf.gt("id", 3), [4]),
    "gte": (lambda shelf: shelf.gte("id", 3), [3, 4]),
    "ilike": (lambda shelf: shelf.ilike("title", "dune%"), [1, 4]),
    "ilike_all_of": (lambda shelf: shelf.ilike_all_of("title", "%U%,%e%"), [1, 3, 4]),
    "ilike_any_of": (lambda shelf: shelf.ilike_any_of("title", "emma,DUNE"), [1, 2]),
    "in_": (lambda shelf: shelf.in_("title", ["Dune", "Emma", "a,b(c)"]), [1, 2]),
    "is_": (lambda shelf: shelf.is_("rating", None), [3]),
    "like": (lambda shelf: shelf.like("title", "Dune%"), [1]),
    "like_all_of": (lambda shelf: shelf.like_all_of("title", "%u%,%e%"), [1, 4]),
    "like_any_of": (lambda shelf: shelf.like_any_of("title", "E%,U%"), [2, 3]),
    "lt": (lambda shelf: shelf.lt("id", 2), [1]),
    "lte": (lambda shelf: shelf.lte("id", 2), [1, 2]),
    "match": (lambda shelf: shelf.match({"id": 1, "title": "Dune"}), [1]),
    "neq": (lambda shelf: shelf.neq("id", 1), [2, 3, 4]),
    "not_": (lambda shelf: shelf.not_.in_("id", [1, 2]), [3, 4]),
    "nxl": (lambda shelf: shelf.nxl("span", (4, 9)), [2, 3, 4]),
    "nxr": (lambda shelf: shelf.nxr("span", (4, 9)), [1, 2]),
    "or_": (lambda shelf: shelf.or_("id.eq.1,and(rating.is.null,title.like.U*)"), [1, 3]),
    "ov": (lambda shelf: shelf.ov("tags", ["city", "sand"]), [1, 3]),
    "overlaps": (lambda shelf: shelf.overlaps("span", "[4,6)"), [1, 2]),
    "phfts": (lambda shelf: shelf.phfts("words", "dune messiah"), [4]),
    "plfts": (lambda shelf: shelf.plfts("words", "dune messiah"), [4]),
    "range_adjacent": (lambda shelf: shelf.range_adjacent("span", (4, 9)), [1]),
    "range_gt": (lambda shelf: shelf.range_gt("span", (4, 9)), [3, 4]),
    "range_gte": (lambda shelf: shelf.range_gte("span", (4, 9)), [2, 3, 4]),
    "range_lt": (lambda shelf: shelf.range_lt("span", (9, 20)), [1, 2]),
    "range_lte": (lambda shelf: shelf.range_lte("span", (4, 9)), [1, 2]),
    "sl": (lambda shelf: shelf.sl("span", (9, 20)), [1, 2]),
    "sr": (lambda shelf: shelf.sr("span", (4, 9)), [3, 4]),
    "text_search": (
        lambda shelf: shelf.text_search("title", "dune", {"type": "web_search", "config": "english"}),
        [1, 4],
    ),
    "wfts": (lambda shelf: shelf.wfts("words", "dune -messiah"), [1]),
}

class Filters(unittest.IsolatedAsyncioTestCase):
    async def test_every_filter_leaves_the_rows_that_fit(self):
        async with AsyncPostgrestClient(ADDRESS, headers=HEADERS) as client:
            for name, (narrow, ids) in FILTERS.items():
                with self.subTest(name):
                    answer = await narrow(client.from_("shelf").select("id")).order("id").execute()
                    self.assertEqual([row["id"] for row in answer.data], ids)

    def test_the_synchronous_client_builds_the_same(self):
        with SyncPostgrestClient(ADDRESS, headers=HEADERS) as client:
            for name, (narrow, ids) in FILTERS.items():
                with self.subTest(name):
                    answer = narrow(client.from_("shelf").select("id")).order("id").execute()
                    self.assertEqual([row["id"] for row in answer.data], ids)


class Cases(unittest.IsolatedAsyncioTestCase):
    """A case for each method that is no filter: `test_<name>`. REST-CLI-01, REST-CLI-02, REST-CLI-03, REST-CLI-05"""

    async def asyncSetUp(self):
        self.client = AsyncPostgrestClient(ADDRESS, headers=HEADERS)
        self.shelf = self.client.from_("shelf")
        self.loans = self.client.from_("loans")
        self.loan = f"py-{self._testMethodName}-{RUN}"

    async def asyncTearDown(self):
        await self.client.from_("loans").delete().eq("id", self.loan).execute()
        await self.client.aclose()

    async def refused(self, query, code):
        with self.assertRaises(APIError) as caught:
            await query.execute()
        self.assertEqual(caught.exception.code, code)

    async def test_aclose(self):
        other = AsyncPostgrestClient(ADDRESS, headers=HEADERS)
        await other.from_("shelf").select("id").execute()
        await other.aclose()

    async def test_from_(self):
        self.assertEqual(len((await self.client.from_("shelf").select().execute()).data), 4)

    async def test_from_table(self):
        self.assertEqual(len((await self.client.from_table("shelf").select().execute()).data), 4)

    async def test_table(self):
        self.assertEqual(len((await self.client.table("shelf").select().execute()).data), 4)

    async def test_schema(self):
        self.assertEqual(len((await self.client.schema("public").from_("shelf").select().execute()).data), 4)
        await self.refused(self.client.schema("nowhere").from_("shelf").select(), "PGRST106")

    async def test_rpc(self):
        self.assertEqual((await self.client.rpc("double_it", {"n": 21}).execute()).data, 42)
        rated = self.client.rpc("books_rated", {"at_least": 4}).gt("id", 1)
        self.assertEqual([row["title"] for row in (await rated.execute()).data], ["Emma"])
        read = await self.client.rpc("double_it", {"n": 4}, get=True).execute()
        self.assertEqual(read.data, 8)
        counted = await self.client.rpc("books_rated", {}, count=CountMethod.exact, head=True).execute()
        self.assertEqual(counted.count, 3)
        await self.refused(self.client.rpc("no_such_function", {}), "PGRST202")

    async def test_select(self):
        answer = await self.shelf.select('"title"', "meta->a", count=CountMethod.exact).eq("id", 1).execute()
        self.assertEqual((answer.data, answer.count), ([{"title": "Dune", "a": 1}], 1))
        head = await self.shelf.select("id", count=CountMethod.exact, head=True).execute()
        self.assertEqual(head.count, 4)
        narrowed = await self.client.rpc("books_rated", {}).select("id").execute()
        self.assertEqual(narrowed.data, [{"id": 1}, {"id": 2}, {"id": 4}])

    async def test_insert(self):
        row = {"id": self.loan, "reader": self.loan}
        made = await self.loans.insert([row], default_to_null=False, count=CountMethod.exact).execute()
        self.assertEqual((made.data, made.count), ([{**row, "book": None}], 1))
        await self.refused(self.loans.insert(row), "23505")

    async def test_upsert(self):
        row = {"id": self.loan, "reader": self.loan}
        await self.loans.upsert(row).execute()
        merged = await self.loans.upsert({**row, "book": 2}, on_conflict="id").execute()
        self.assertEqual(merged.data[0]["book"], 2)
        ignored = await self.loans.upsert([row], ignore_duplicates=True).execute()
        self.assertEqual(ignored.data, [])

    async def test_update(self):
        await self.loans.insert({"id": self.loan, "reader": self.loan}).execute()
        changed = await self.loans.update({"book": 3}, count=CountMethod.exact).eq("id", self.loan).execute()
        self.assertEqual((changed.data[0]["book"], changed.count), (3, 1))
        await self.refused(self.loans.update({"book": 1}), "21000")

    async def test_delete(self):
        await self.loans.insert({"id": self.loan, "reader": self.loan}).execute()
        gone = await self.loans.delete(count=CountMethod.exact).eq("id", self.loan).execute()
        self.assertEqual(([row["id"] for row in gone.data], gone.count), ([self.loan], 1))

    async def test_max_affected(self):
        await self.refused(self.shelf.delete().gt("id", 0).max_affected(3), "PGRST124")

    async def test_order(self):
        rows = await self.shelf.select("id").order("rating", desc=True, nullsfirst=True).order("id").execute()
        self.assertEqual([row["id"] for row in rows.data], [3, 1, 2, 4])
        await self.shelf.select("id", "loans(id)").order("id", foreign_table="loans").execute()

    async def test_limit(self):
        self.assertEqual(len((await self.shelf.select().limit(2).execute()).data), 2)
        await self.shelf.select("id", "loans(id)").limit(1, foreign_table="loans").execute()

    async def test_offset(self):
        rows = await self.shelf.select("id").order("id").offset(3).execute()
        self.assertEqual(rows.data, [{"id": 4}])

    async def test_range(self):
        rows = await self.shelf.select("id", count=CountMethod.exact).order("id").range(1, 2).execute()
        self.assertEqual((rows.data, rows.count), ([{"id": 2}, {"id": 3}], 4))

    async def test_strip_nulls(self):
        rows = await self.shelf.select("id", "rating").eq("id", 3).strip_nulls().execute()
        self.assertEqual(rows.data, [{"id": 3}])

    async def test_single(self):
        self.assertEqual((await self.shelf.select("title").eq("id", 1).single().execute()).data, {"title": "Dune"})
        await self.refused(self.shelf.select().single(), "PGRST116")
        called = await self.client.rpc("books_rated", {"at_least": 5}).single().execute()
        self.assertEqual(called.data["id"], 1)

    async def test_maybe_single(self):
        self.assertIsNone(await self.shelf.select().eq("id", 99).maybe_single().execute())
        self.assertEqual((await self.shelf.select("id").eq("id", 2).maybe_single().execute()).data, {"id": 2})
        called = await self.client.rpc("books_rated", {"at_least": 9}).maybe_single().execute()
        self.assertIsNone(called)

    async def test_csv(self):
        text = await self.shelf.select("id", "title").lt("id", 3).order("id").csv().execute()
        self.assertEqual(text.data, "id,title\n1,Dune\n2,Emma")
        called = await self.client.rpc("books_rated", {"at_least": 5}).select("id").csv().execute()
        self.assertEqual(called.data, "id\n1")

    async def test_explain(self):
        self.assertIn("cost=", await self.shelf.select().explain().execute())
        wanted = self.shelf.select().explain(analyze=True, verbose=True, settings=True, buffers=True, wal=True, format="json")
        plan = (await wanted.execute()).data
        plan = json.loads(plan) if isinstance(plan, str) else plan
        self.assertGreaterEqual(plan[0]["Plan"]["Actual Rows"], 1)

    async def test_retry(self):
        self.assertEqual(len((await self.shelf.select().retry(False).execute()).data), 4)

    async def test_execute(self):
        await self.refused(self.client.from_("nope").select(), "PGRST205")

    def test_every_method_has_a_case(self):
        cases = {name.removeprefix("test_") for name in vars(Cases) if name.startswith("test_")}
        cases.remove("every_method_has_a_case")
        self.assertEqual(cases | set(FILTERS), methods())
        asyncs = {name.removeprefix("Async") for name, _ in inspect.getmembers(asynchronous, inspect.isclass)}
        syncs = {name.removeprefix("Sync") for name, _ in inspect.getmembers(synchronous, inspect.isclass)}
        self.assertEqual(
            {name for name in asyncs if name.endswith("Builder")},
            {name for name in syncs if name.endswith("Builder")},
        )


if __name__ == "__main__":
    unittest.main()
