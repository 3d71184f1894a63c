"""What Faceline keeps on a Redis-compatible server: jobs, images, and which workers are alive."""
