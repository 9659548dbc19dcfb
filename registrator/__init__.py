"""Keeps service registries in agreement with the containers of one host."""
