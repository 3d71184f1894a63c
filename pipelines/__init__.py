"""Samples in, samples out: the canonical sample, its dialects, plans, and the store of jobs and images."""
