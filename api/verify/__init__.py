"""`POST /verify`: compares the faces of two photos or templates in one call."""
