"""How good the photo of a face is: one file per group of measures, and the service that puts them together."""
