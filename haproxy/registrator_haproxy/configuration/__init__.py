"""The configuration of the HAProxy side: read whole, every mistake placed."""
