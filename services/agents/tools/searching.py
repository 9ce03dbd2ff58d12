"""Finding tools by words, for clients that can hold only a few (AMENDMENTS A3, A40)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from libs.api.call import Reply
from services.agents.tools.catalogue import ToolRow
from services.agents.tools.composed import Ask
from services.agents.tools.fields import Field
from services.agents.tools.toolbox import Tool, Toolbox

DEFAULT_LIMIT, MAX_LIMIT = 10, 50
NAME_WEIGHT, CATEGORY_WEIGHT, TEXT_WEIGHT = 4, 2, 1

ROW = ToolRow(
    name="search_tools",
    category="search",
    scopes=("agent:discover",),
    description="Find tools by words, such as refund payment. Returns the best matches with description and input "
    "schema; call them by their name, even those that tools/list did not show.",
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
)
QUERY = {"type": "string", "minLength": 1, "description": "words to look for"}
LIMIT = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_LIMIT,
    "default": DEFAULT_LIMIT,
    "description": "how many to return at most",
}
FIELDS = {"query": Field("query", QUERY, required=True), "limit": Field("limit", LIMIT)}
OUTPUT = {
    "type": "object",
    "properties": {"tools": {"type": "array", "items": {"type": "object"}}, "total": {"type": "integer"}},
}


def search_tool(toolbox: Toolbox) -> Tool:
    """The tool that looks for words in a toolbox."""

    async def run(_: Ask, arguments: Mapping[str, Any]) -> Reply:
        found = find(toolbox.tools.values(), str(arguments["query"]))
        limit = min(max(int(arguments.get("limit") or DEFAULT_LIMIT), 1), MAX_LIMIT)
        shown = [
            {
                "name": tool.name,
                "category": tool.row.category,
                "description": tool.row.description,
                "inputSchema": tool.input_schema,
            }
            for tool in found[:limit]
        ]
        return Reply(200, body={"error": False, "success": True, "data": {"tools": shown, "total": len(found)}})

    return Tool(ROW, ROW.scopes, FIELDS, OUTPUT, run)


def find(tools: Iterable[Tool], query: str) -> list[Tool]:
    """The tools that have at least one of the words, those that have most of them in name and category first."""
    words = _words(query)
    scored = [(sum(_weight(tool, word) for word in words), tool) for tool in tools]
    return [tool for score, tool in sorted(scored, key=lambda one: -one[0]) if score]


def _weight(tool: Tool, word: str) -> int:
    places = (
        (tool.name, NAME_WEIGHT),
        (tool.row.category, CATEGORY_WEIGHT),
        (tool.row.description, TEXT_WEIGHT),
    )
    return sum(weight for text, weight in places if word in _words(text))


def _words(text: str) -> set[str]:
    """The words of a text in their plain form: lower case, without a plural s."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", text.lower())}
