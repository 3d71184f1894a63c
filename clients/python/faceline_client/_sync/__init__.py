# Written by generate/sync.py. Do not change it by hand: `make client` renews it.
"""The client without an event loop. It is made of `faceline_client._async`: `make client`."""
