"""The description of the API at the root, judged by a validator of OpenAPI documents.

Environment: SUPABASE_URL, SUPABASE_SERVICE_KEY; fixtures/postgrest.sql is loaded.
"""

import json
import os
import unittest
import urllib.request

from openapi_spec_validator import OpenAPIV2SpecValidator

KEY = os.environ["SUPABASE_SERVICE_KEY"]
ADDRESS = os.environ["SUPABASE_URL"] + "/rest/v1/"


def description(**headers):
    request = urllib.request.Request(ADDRESS, headers={"apikey": KEY, **headers})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Description(unittest.TestCase):
    def test_it_is_valid(self):
        document = description()
        # It is the whole of the fixtures, not an empty frame.
        for name in ["shelf", "lent", "notes", "Weird, na.me"]:
            self.assertIn(name, document["definitions"])
        self.assertIn("/rpc/sum_of", document["paths"])
        # A column's default is SQL, as upstream shows it; that it is no value of the column's format is no mistake.
        defaults = [
            f"{column['default']!r} is not a {column.get('format')!r}"
            for relation in document["definitions"].values()
            for column in relation["properties"].values()
            if "default" in column
        ]
        errors = [error.message for error in OpenAPIV2SpecValidator(document).iter_errors()]
        self.assertEqual([message for message in errors if message not in defaults], [])

    def test_so_is_that_of_another_schema(self):
        document = description(**{"Accept-Profile": "graphql_public"})
        self.assertEqual([error.message for error in OpenAPIV2SpecValidator(document).iter_errors()], [])

    def test_the_validator_finds_mistakes(self):
        document = description()
        document["paths"]["/shelf"]["get"]["responses"] = {}
        self.assertNotEqual(list(OpenAPIV2SpecValidator(document).iter_errors()), [])


if __name__ == "__main__":
    unittest.main()
