"""What a visitor of the stand-in's pages does."""

import aiohttp


async def submit(url: str | None, fields: dict[str, str]) -> tuple[int, str | None]:
    """Send a page's form; gives the status and the address it leads to."""
    assert url is not None
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=fields, allow_redirects=False) as answer,
    ):
        return answer.status, answer.headers.get("Location")


async def visit(url: str | None) -> tuple[int, str | None, str]:
    """Open a page; gives the status, the address it leads to and its text."""
    assert url is not None
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location"), await answer.text()
