"""The measures behind the 29 fields of a quality assessment."""
