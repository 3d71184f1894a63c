"""Networks that several services share, and what goes into and comes out of them."""
