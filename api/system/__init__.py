"""The routes that tell how the deployment is: `/healthz`, `/readyz`, `/version`."""
