"""How often a comparison errs, measured: tables, and what reads and makes them."""
