"""The agents context: tools for language models, the MCP endpoint and, later, workflows and registries."""
