"""Services that are no containers, as a file of the operator's describes them."""
