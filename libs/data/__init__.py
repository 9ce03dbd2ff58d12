"""PostgreSQL: pools, transactions with row-level security, migrations, outbox, inbox, idempotency records."""
