"""Recognition quality: runs the services on a labelled kit of photos, and compares their answers with the labels.

`docs/accuracy.md` describes the layout of a kit and explains the table.
"""
