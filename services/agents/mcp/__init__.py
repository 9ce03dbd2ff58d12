"""The Model Context Protocol: one endpoint for every version, over streamable HTTP (RULES R178-R181)."""
