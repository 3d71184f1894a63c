"""How fast Faceline is: beside the bare loop of the same run, and beside other ways to serve models."""
