"""The identity context: users, workspaces, sessions and API keys, and who a credential speaks for."""
