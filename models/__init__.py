"""Arrays in, results out: images, geometry, model weights and services."""
