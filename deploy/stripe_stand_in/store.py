"""What the stand-in keeps, in one sqlite file.

Every call is one sqlite transaction in write-ahead-log mode with `synchronous=OFF`: a commit hands its pages to the
operating system and is not forced to the disk. A killed process therefore loses nothing that it answered; only a
crash of the whole machine could, and a stand-in holds no real money. Statements take microseconds, so they run on
the event loop itself: a call never waits between its first read and its commit, and calls are serial by construction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

StripeObject = dict[str, Any]
"""A Stripe object as JSON. Fields that start with an underscore are ours and never leave the process."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS objects (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    id    TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    kind  TEXT NOT NULL,
    body  TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, realm, seq);
CREATE TABLE IF NOT EXISTS answers (
    realm    TEXT NOT NULL,
    key      TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    params   TEXT NOT NULL,
    status   INTEGER NOT NULL,
    body     BLOB NOT NULL,
    request  TEXT NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (realm, key)
);
CREATE TABLE IF NOT EXISTS callbacks (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    event    TEXT NOT NULL,
    endpoint INTEGER NOT NULL,
    subject  TEXT NOT NULL,
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state    TEXT NOT NULL DEFAULT 'pending'
);
CREATE INDEX IF NOT EXISTS callbacks_pending ON callbacks (due) WHERE state = 'pending';
"""


@dataclass(frozen=True)
class Realm:
    """One account in one mode: objects of one realm do not exist for another."""

    account: str
    livemode: bool

    @property
    def name(self) -> str:
        return f"{'live' if self.livemode else 'test'}:{self.account}"


@dataclass(frozen=True)
class KeptAnswer:
    """The answer that belongs to an idempotency key."""

    endpoint: str
    params: str
    status: int
    body: bytes
    request: str
    created: int


@dataclass(frozen=True)
class Callback:
    """One event on its way to one endpoint; `due` is in milliseconds since 1970."""

    event: str
    endpoint: int
    """Position in the configured list, so that what is pending follows an endpoint to its new address."""
    subject: str
    due: int
    attempts: int = 0
    seq: int = 0


@dataclass(frozen=True)
class Slice:
    """Which part of a list is wanted: newest first, `after` and `before` are ids, `filters` are exact field values."""

    limit: int
    after: str | None = None
    before: str | None = None
    filters: tuple[tuple[str, Any], ...] = ()
    created: tuple[tuple[str, int], ...] = ()
    """Comparisons of the creation time: `(">=", 1700000000)`."""


class Store:
    """Objects, kept answers and callbacks of all accounts."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(_SCHEMA)

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an exception undoes what the block wrote."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def save(self, realm: Realm, value: StripeObject) -> StripeObject:
        """Write an object under its id, new or changed."""
        self.connection.execute(
            "INSERT INTO objects (id, realm, kind, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (value["id"], realm.name, value["object"], orjson.dumps(value).decode()),
        )
        return value

    def find(self, realm: Realm, id: str) -> StripeObject | None:
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ? AND realm = ?", (id, realm.name)
        ).fetchone()
        return None if row is None else dict(orjson.loads(row["body"]))

    def page(self, realm: Realm, kind: str, wanted: Slice) -> list[StripeObject]:
        """Up to `wanted.limit` objects of a kind, newest first."""
        where = ["realm = ?", "kind = ?"]
        values: list[Any] = [realm.name, kind]
        for field, value in wanted.filters:
            where.append("json_extract(body, ?) = ?")
            values += [f"$.{field}", value]
        for comparison, moment in wanted.created:
            where.append(f"json_extract(body, '$.created') {comparison} ?")
            values.append(moment)
        for comparison, id in (("<", wanted.after), (">", wanted.before)):
            if id is not None:
                where.append(f"seq {comparison} (SELECT seq FROM objects WHERE id = ?)")
                values.append(id)
        order = "ASC" if wanted.before is not None else "DESC"
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?",
            [*values, wanted.limit],
        ).fetchall()
        found = [dict(orjson.loads(row["body"])) for row in rows]
        return found[::-1] if wanted.before is not None else found

    def everywhere(self, kind: str) -> list[tuple[Realm, StripeObject]]:
        """All objects of a kind in every account and mode, oldest first."""
        rows = self.connection.execute("SELECT realm, body FROM objects WHERE kind = ? ORDER BY seq", (kind,))
        return [(realm_named(row["realm"]), dict(orjson.loads(row["body"]))) for row in rows]

    def realms_with(self, kind: str) -> list[Realm]:
        """The accounts and modes that have objects of a kind."""
        rows = self.connection.execute("SELECT DISTINCT realm FROM objects WHERE kind = ?", (kind,))
        return [realm_named(row["realm"]) for row in rows]

    def realm_of(self, id: str) -> Realm | None:
        row = self.connection.execute("SELECT realm FROM objects WHERE id = ?", (id,)).fetchone()
        return None if row is None else realm_named(row["realm"])

    def totals_by_currency(self, realm: Realm, kind: str, field: str) -> dict[str, int]:
        """The sums of a whole-number field over the objects of a kind."""
        rows = self.connection.execute(
            "SELECT json_extract(body, '$.currency'), SUM(json_extract(body, ?)) FROM objects "
            "WHERE realm = ? AND kind = ? GROUP BY 1 ORDER BY 1",
            (f"$.{field}", realm.name, kind),
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def counts_of_kinds(self) -> dict[str, int]:
        return self._counts("SELECT kind, COUNT(*) FROM objects GROUP BY kind ORDER BY kind")

    def counts_of_events(self) -> dict[str, int]:
        return self._counts(
            "SELECT json_extract(body, '$.type'), COUNT(*) FROM objects WHERE kind = 'event' GROUP BY 1 ORDER BY 1"
        )

    def counts_of_callbacks(self) -> dict[str, int]:
        return self._counts("SELECT state, COUNT(*) FROM callbacks GROUP BY state")

    def refunded_by_intent(self) -> dict[str, int]:
        """What was given back of each payment intent, in minor units, summed over its refunds."""
        return self._counts(
            "SELECT json_extract(body, '$.payment_intent'), SUM(json_extract(body, '$.amount')) FROM objects "
            "WHERE kind = 'refund' GROUP BY 1"
        )

    def _counts(self, statement: str) -> dict[str, int]:
        return {str(row[0]): int(row[1]) for row in self.connection.execute(statement)}

    def kept_answer(self, realm: Realm, key: str) -> KeptAnswer | None:
        row = self.connection.execute(
            "SELECT endpoint, params, status, body, request, created FROM answers WHERE realm = ? AND key = ?",
            (realm.name, key),
        ).fetchone()
        return None if row is None else KeptAnswer(**row)

    def keep_answer(self, realm: Realm, key: str, answer: KeptAnswer) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO answers (realm, key, endpoint, params, status, body, request, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                realm.name,
                key,
                answer.endpoint,
                answer.params,
                answer.status,
                answer.body,
                answer.request,
                answer.created,
            ),
        )

    def forget_answers(self, before: int) -> None:
        """Drop idempotency keys that are older than the moment."""
        self.connection.execute("DELETE FROM answers WHERE created < ?", (before,))

    def queue_callback(self, callback: Callback) -> None:
        self.connection.execute(
            "INSERT INTO callbacks (event, endpoint, subject, due) VALUES (?, ?, ?, ?)",
            (callback.event, callback.endpoint, callback.subject, callback.due),
        )

    def pending_callbacks(self, due_by: int, endpoints: int, limit: int) -> list[Callback]:
        """Callbacks to the first `endpoints` endpoints whose time has come, in the order of their events."""
        rows = self.connection.execute(
            "SELECT event, endpoint, subject, due, attempts, seq FROM callbacks "
            "WHERE state = 'pending' AND due <= ? AND endpoint < ? ORDER BY seq LIMIT ?",
            (due_by, endpoints, limit),
        )
        return [Callback(**row) for row in rows]

    def next_callback_due(self, endpoints: int) -> int | None:
        row = self.connection.execute(
            "SELECT MIN(due) AS due FROM callbacks WHERE state = 'pending' AND endpoint < ?", (endpoints,)
        ).fetchone()
        return None if row["due"] is None else int(row["due"])

    def close_callback(self, seq: int, state: str) -> None:
        """End a callback as `delivered` or `failed`."""
        self.connection.execute("UPDATE callbacks SET state = ?, attempts = attempts + 1 WHERE seq = ?", (state, seq))

    def postpone_callback(self, seq: int, due: int) -> None:
        self.connection.execute("UPDATE callbacks SET due = ?, attempts = attempts + 1 WHERE seq = ?", (due, seq))

    def event_text(self, id: str) -> str:
        """The stored JSON of an event, as it is sent."""
        return str(self.connection.execute("SELECT body FROM objects WHERE id = ?", (id,)).fetchone()["body"])


def realm_named(name: str) -> Realm:
    """The realm that a stored name stands for."""
    mode, _, account = name.partition(":")
    return Realm(account, mode == "live")
