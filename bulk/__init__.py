"""Many photos in, a table out: however often the run is interrupted, each photo is in it once."""
