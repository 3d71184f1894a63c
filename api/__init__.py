"""Requests in, responses out: the HTTP front."""
