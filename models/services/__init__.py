"""The services: one file each, found by `models.catalogue`."""
