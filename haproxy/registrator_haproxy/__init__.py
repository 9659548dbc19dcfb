"""The room of the local HAProxy entry point; it holds no code yet."""
