"""Recognition quality: the services, through their own code, on a labelled kit; one file per task.

`docs/accuracy.md` says how a kit is laid out and how the table is read.
"""
