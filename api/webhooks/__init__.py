"""Webhooks as JSON: what callers send, what they see of a delivery, and the documents of the messages."""
