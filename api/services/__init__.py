"""The routes of each service, and `GET /services`."""
