"""The weights: what they are, where they come from, how they get into the cache and where they lie in it."""
