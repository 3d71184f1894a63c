"""The routes about the deployment itself: `/healthz`, `/readyz`, `/version`."""
