"""registrator-ctl: what the daemon on this host thinks, and why."""
