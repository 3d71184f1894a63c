"""Images as arrays: headers, decoding, geometry, crops, preprocessing."""
