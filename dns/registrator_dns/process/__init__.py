"""The process that answers, and the daemon's hold on it."""
