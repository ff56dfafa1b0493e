import copy
import html
import http
import json
import re
from typing import Any

import pytest

from docs import pages

HOSTILE = '<img src=x onerror=alert(1)> & "quotes" `<b>code</b>`'


def page(raw: dict[str, Any], code: str) -> str:
    content = pages.error_page(raw, code)
    assert content is not None
    return content.decode()


def text(markup: str) -> str:
    """What a reader sees of a page, on one line."""
    body = re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def answers(markup: str) -> list[dict[str, Any]]:
    """The bodies that a page shows, parsed."""
    blocks = re.findall(r"<pre[^>]*>(.*?)</pre>", markup, re.DOTALL)
    return [json.loads(html.unescape(re.sub(r"<[^>]+>", "", block))) for block in blocks]


def without_examples(raw: dict[str, Any]) -> dict[str, Any]:
    """A copy of the document whose responses show nothing."""
    return {**copy.deepcopy(raw), "components": {**raw["components"], "responses": {}}}


@pytest.fixture(scope="module")
def markup(raw: dict[str, Any]) -> dict[str, str]:
    """Every page by its name: the code, `index` or `changelog`."""
    found = {code: page(raw, code) for code in raw["x-errors"]}
    return {**found, "index": pages.error_index(raw).decode(), "changelog": pages.changelog(raw).decode()}


def test_every_code_has_a_page_that_says_everything_about_it(raw: dict[str, Any], markup: dict[str, str]) -> None:
    for code, entry in raw["x-errors"].items():
        seen = text(markup[code])
        plain = {key: " ".join(str(value).replace("`", "").split()) for key, value in entry.items()}
        for key in ("status", "type", "v1", "message", "meaning", "recovery"):  # B130
            assert plain[key] in seen, f"{code}: {key}"
        assert http.HTTPStatus(entry["status"]).phrase in seen
        assert f'<h1 class="code">{code}</h1>' in markup[code].replace("<wbr>", "")


def test_every_page_shows_the_answer_in_both_contracts(raw: dict[str, Any], markup: dict[str, str]) -> None:
    for code, entry in raw["x-errors"].items():
        first, second = answers(markup[code])
        assert first["status"] == "error"
        assert first["error"]["code"] == entry["v1"]
        assert second["error"]["type"] == entry["type"]
        assert second["error"]["code"] == code
        assert second["error"]["doc_url"].endswith(f"/errors/{code}")
        assert {"message", "param", "request_id", "request_log_url"} <= second["error"].keys()
        assert re.search(r"Version 1 .*Version 2 \(beta\)", text(markup[code]))


def test_the_answers_are_those_of_the_document(raw: dict[str, Any], markup: dict[str, str]) -> None:
    for code, *responses in (("unavailable", "V1Unavailable", "Unavailable"), ("timeout", "V1Timeout", "Timeout")):
        for shown, response in zip(answers(markup[code]), responses, strict=True):
            examples = raw["components"]["responses"][response]["content"]["application/json"]["examples"]
            assert shown in [example["value"] for example in examples.values()]


def test_a_code_that_no_example_shows_gets_what_the_catalogue_says(raw: dict[str, Any]) -> None:
    entry = raw["x-errors"]["key_revoked"]
    first, second = answers(page(without_examples(raw), "key_revoked"))
    assert first == {"status": "error", "error": {"code": entry["v1"], "message": entry["message"]}}
    assert second["error"].items() >= {"message": entry["message"], "type": entry["type"], "param": None}.items()


def test_of_several_examples_the_one_named_after_the_code_is_shown(raw: dict[str, Any]) -> None:
    changed = copy.deepcopy(raw)
    body = {"status": "error", "error": {"code": "UNAUTHORIZED", "message": "This key was revoked on Monday."}}
    shown = changed["components"]["responses"]["V1Unauthorized"]["content"]["application/json"]["examples"]
    shown["key_revoked"] = {"$ref": "#/components/examples/Revoked"}
    changed["components"]["examples"]["Revoked"] = {"value": body}
    assert answers(page(changed, "key_revoked"))[0] == body
    assert answers(page(changed, "key_expired"))[0] != body


def test_what_one_contract_shows_of_a_fault_the_other_shows_too(raw: dict[str, Any]) -> None:
    changed = without_examples(raw)
    error = {"code": "parameter_invalid", "message": "The 'size' parameter must be an integer."}
    fault = {"param": "size", "reason": "wrong_type"}
    body = {"error": {**error, "errors": [fault]}}
    content = {"application/json": {"examples": {"size": {"value": body}}}}
    changed["components"]["responses"] = {"BadRequest": {"content": content}}
    assert answers(page(changed, "parameter_invalid"))[0]["error"] == {
        "code": "INVALID_REQUEST",
        "message": error["message"],
        "details": {"field": "size", "reason": "wrong_type"},
    }


def test_the_index_lists_every_code_under_its_status(raw: dict[str, Any], markup: dict[str, str]) -> None:
    sections = re.findall(r'<section.*?id="status-(\d+)".*?</section>', markup["index"], re.DOTALL)
    assert sections == [str(status) for status in sorted({entry["status"] for entry in raw["x-errors"].values()})]
    for code, entry in raw["x-errors"].items():
        section = re.search(rf'id="status-{entry["status"]}".*?</section>', markup["index"], re.DOTALL)
        assert section
        assert f'href="/docs/errors/{code}"' in section[0]


def test_pages_lead_to_each_other_and_to_the_reference(raw: dict[str, Any], markup: dict[str, str]) -> None:
    sections = {"/docs", "/docs/errors", "/docs/changelog"}
    for name, content in markup.items():
        links = set(re.findall(r'<a [^>]*href="(/[^"]*)"', content))
        codes = set() if name == "changelog" else {f"/docs/errors/{code}" for code in raw["x-errors"]}
        assert links == sections | codes, name


def test_every_page_names_where_help_is(raw: dict[str, Any], markup: dict[str, str]) -> None:
    contact = raw["info"]["contact"]
    assert (contact["url"], contact["email"]) == ("https://docs.example.com/api", "support@example.com")
    for name, content in markup.items():
        assert f'<a href="{contact["url"]}">Documentation</a>' in content, name  # B224
        assert f'<a href="mailto:{contact["email"]}">{contact["email"]}</a>' in content, name  # B226
    without = copy.deepcopy(raw)
    del without["info"]["contact"]
    assert "<footer>" not in pages.changelog(without).decode()


def test_the_changelog_has_a_row_for_each_version_newest_first(markup: dict[str, str]) -> None:
    rows = [text(row) for row in re.findall(r"<tr id=.*?</tr>", markup["changelog"], re.DOTALL)]
    assert [row[: row.index(".") + 1] for row in rows] == [  # B220
        "2024-01-15 Jan 15, 2024 Added batch operations, improved error messages.",  # B221
        "2023-11-01 Nov 1, 2023 Increased rate limits, added the EU region.",  # B222
        "2023-09-15 Sep 15, 2023 Added webhook signature verification.",  # B223
    ]
    assert rows[0].endswith("Version 2 (beta) of the API, the default of /v2")
    assert rows[1].endswith("Version 1 of the API")
    assert rows[2].endswith("Version 1 of the API, the default of /v1")


def test_each_page_says_which_section_it_is_in(markup: dict[str, str]) -> None:
    for name, content in markup.items():
        section = "changelog" if name == "changelog" else "errors"
        assert re.findall(r'href="([^"]*)" aria-current="true"', content) == [f"/docs/{section}"], name


def test_an_unknown_code_has_no_page(raw: dict[str, Any]) -> None:
    assert pages.error_page(raw, "no_such_code") is None
    assert pages.error_page(raw, "../errors") is None


def test_text_of_the_document_is_text(raw: dict[str, Any]) -> None:
    changed = without_examples(raw)
    changed["info"]["title"] = HOSTILE
    changed["x-contracts"]["v1"]["title"] = HOSTILE
    changed["info"]["contact"] = {"url": HOSTILE, "email": HOSTILE}
    for version in changed["x-api-versions"].values():
        version["changes"] = HOSTILE
    for entry in changed["x-errors"].values():
        entry |= {"message": HOSTILE, "meaning": HOSTILE, "recovery": HOSTILE, "type": HOSTILE}
    contents = (page(changed, "key_revoked"), pages.error_index(changed).decode(), pages.changelog(changed).decode())
    for content in contents:
        assert "<img" not in content
        assert "<b>" not in content
        assert "<code>&lt;b&gt;code&lt;/b&gt;</code>" in content
    assert answers(page(changed, "key_revoked"))[0]["error"]["message"] == HOSTILE


def test_words_in_backticks_are_code(markup: dict[str, str]) -> None:
    assert "<code>Authorization</code>" in markup["key_missing"]
    assert "`" not in text(markup["key_missing"])


def test_pages_load_and_run_nothing(markup: dict[str, str]) -> None:
    for name, content in markup.items():
        assert not re.search(r"<script|<iframe|\s(src|srcset|on\w+)=|@import", content), name
        assert all(target.startswith("data:") for target in re.findall(r'<link [^>]*href="([^"]*)', content)), name
        assert all(target.startswith("data:font/") for target in re.findall(r"url\((.{,12})", content)), name


def test_pages_follow_the_scheme_and_the_width_of_the_screen(markup: dict[str, str]) -> None:
    for name, content in markup.items():
        assert "@media (prefers-color-scheme: dark)" in content, name
        assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in content, name
        assert '<html lang="en">' in content, name


def test_the_policy_allows_no_script_and_no_request() -> None:
    directives = dict(part.strip().split(" ", 1) for part in pages.CONTENT_SECURITY_POLICY.split(";"))
    assert directives.pop("default-src") == "'none'"
    assert "script-src" not in directives
    assert "connect-src" not in directives
    assert not re.search(r"https?:|\*", pages.CONTENT_SECURITY_POLICY)
