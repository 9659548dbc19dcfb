"""nerve's own configuration, as it is: services that go to its reporters, and no other.

Source: nerve's README and lib/nerve, as of 2020-07.
"""
