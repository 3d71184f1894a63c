"""The HTTP server of the API, with bounds on its connections and on the headers of requests."""
