"""Runs services on many photos and writes a table: an interrupted run continues, and no photo is in the table twice."""
