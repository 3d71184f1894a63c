"""One file per task: `FOLDER` is the task's folder in a kit, `measure` computes the figures for the results table."""
