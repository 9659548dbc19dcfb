"""What a client may have, and whom it can show itself to be."""
