"""A simulation of deployments that are larger than the machine at hand."""
