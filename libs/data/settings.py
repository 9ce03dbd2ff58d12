"""For whom a connection's statements run: the settings that row-level security compares rows with."""


def literal(text: str) -> str:
    """A text as an SQL literal, for the few statements that take no arguments."""
    return "'" + text.replace("'", "''") + "'"


def begin(tenant_id: str, environment: str) -> str:
    """Begin a transaction that sees one tenant's rows of one environment; one round trip."""
    return f"BEGIN; {_set(tenant_id, environment, 'true')}"


def settings_of(tenant_id: str, environment: str) -> str:
    """The same for a connection's statements outside transactions."""
    return _set(tenant_id, environment, "false")


def _set(tenant_id: str, environment: str, local: str) -> str:
    return (
        f"SELECT set_config('app.tenant', {literal(tenant_id)}, {local}), "
        f"set_config('app.environment', {literal(environment)}, {local})"
    )
