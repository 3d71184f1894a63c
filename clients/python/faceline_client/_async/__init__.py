"""The client for event loops. `faceline_client._sync` is made of it: `make client`."""
