"""The rules of style that a machine can check."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Source, production, sources

MAX_FILE = 400
MAX_FUNCTION = 45
BAD_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common|base)($|_)")
BAD_CLASSES = re.compile(r"(Manager|Helper|Util|Utils|Base)$")
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WITH \w+ AS)\b")
SQL_HOMES = ("libs/", "deploy/")
"""Shared mechanisms hold SQL where it belongs to them; features keep theirs in `store.py` and migrations."""

WALL_CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
WALL_CLOCK_HOMES = {
    "libs/clock.py",
}
FLOAT_HOMES = {
    "libs/money/json_numbers.py",
    "libs/api/fields.py",
}


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length(node: ast.AST) -> int:
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def test_files_stay_readable() -> None:
    long = [f"{source.name}: {source.text.count(chr(10))} lines" for source in production()]
    assert [one for one in long if int(one.split(": ")[1].split()[0]) > MAX_FILE] == []


def test_functions_stay_short() -> None:
    assert [
        f"{source.name}:{node.lineno} {node.name} ({length(node)})"
        for source in production()
        for node in functions(source)
        if length(node) > MAX_FUNCTION
    ] == []


def test_names_say_what_a_thing_is() -> None:
    files = [source.name for source in production() if BAD_NAMES.search(source.path.stem)]
    classes = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in production()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and BAD_CLASSES.search(node.name)
    ]
    assert files + classes == []


def test_features_keep_their_sql_in_store_and_migrations() -> None:
    assert [
        f"{source.name}:{node.lineno}"
        for source in production()
        if not source.name.startswith(SQL_HOMES)
        and "store" not in source.path.stem
        and "migrations" not in source.parts
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ] == []


def test_nobody_commits_outside_the_unit_of_work() -> None:
    assert [
        f"{source.name}:{node.lineno}"
        for source in production()
        if source.parts[0] in ("services", "gateway")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and node.value in ("COMMIT", "ROLLBACK", "BEGIN")
    ] == []


def test_business_time_comes_from_the_clock() -> None:
    def reads_wall_clock(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and (node.func.value.id, node.func.attr) in WALL_CLOCK
        )

    assert [
        f"{source.name}:{getattr(node, 'lineno', 0)}"
        for source in production()
        if source.name not in WALL_CLOCK_HOMES
        for node in ast.walk(source.tree)
        if reads_wall_clock(node)
    ] == []


def test_money_never_becomes_a_binary_float() -> None:
    def makes_float(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"

    homes = ("libs/money/", "services/deals/", "services/payments/", "services/catalog/")
    assert [
        f"{source.name}:{getattr(node, 'lineno', 0)}"
        for source in production()
        if source.name.startswith(homes) and source.name not in FLOAT_HOMES
        for node in ast.walk(source.tree)
        if makes_float(node)
    ] == []


def test_no_error_is_swallowed() -> None:
    def swallows(node: ast.AST) -> bool:
        return isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)

    assert [
        f"{source.name}:{getattr(node, 'lineno', 0)}"
        for source in production()
        for node in ast.walk(source.tree)
        if swallows(node)
    ] == []


def test_every_public_module_class_and_function_of_libs_is_documented() -> None:
    missing = []
    for source in production():
        if source.parts[0] != "libs":
            continue
        if not ast.get_docstring(source.tree):
            missing.append(source.name)
        for node in source.tree.body:
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                missing.append(f"{source.name}:{node.lineno} {node.name}")
    assert missing == []


def test_tests_patch_nothing_of_ours() -> None:
    words = ("unittest.mock", "monkeypatch.setattr", "mocker.")
    assert [source.name for source in sources() if source.is_test and _patches(source, words)] == []


def _patches(source: Source, words: tuple[str, ...]) -> bool:
    return source.path.name != "test_style.py" and any(word in source.text for word in words)


def test_a_skipped_test_says_why() -> None:
    def bare(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        return node.func.attr in ("skip", "skipif", "xfail") and not (node.args[:1] or node.keywords)

    assert [
        f"{source.name}:{getattr(node, 'lineno', 0)}"
        for source in sources()
        if source.is_test
        for node in ast.walk(source.tree)
        if bare(node)
    ] == []
