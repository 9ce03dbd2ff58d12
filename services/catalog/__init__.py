"""The catalogue context: products and, later, families, options, bundles and configurations."""
