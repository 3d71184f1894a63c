"""The speed of Faceline: beside the bare loop of the same run, and beside other servers of the same models."""
