"""`faceline doctor`: checks what a deployment needs, and says what to do."""
