"""Fuzzing: mutated images, samples, archives and references, and requests that are made from the OpenAPI document."""
