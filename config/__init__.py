"""What every process needs first: its settings, its logs, and the root of the error tree."""
