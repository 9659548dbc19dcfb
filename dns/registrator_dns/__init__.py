"""The built-in DNS responder."""
