"""Service registries, one module each."""
