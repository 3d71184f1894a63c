"""Sends the messages of webhooks: a process of its own, the only one that calls URLs which callers have chosen."""
