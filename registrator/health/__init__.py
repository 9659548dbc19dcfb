"""Checks that run here, what they come to, and what an operator says."""
