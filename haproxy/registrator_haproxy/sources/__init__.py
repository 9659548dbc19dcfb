"""Sources of instances that are read and never written: files, DNS and others' APIs."""
