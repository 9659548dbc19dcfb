"""Forwarding: other servers' answers for clients who may recurse."""
