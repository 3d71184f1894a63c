"""The weights of the models: their list, their sources, and the cache that they are pulled into."""
