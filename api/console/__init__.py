"""The web console at `/`: a page of plain ES modules that talks to the public API alone."""
