"""One kind of check a module."""
