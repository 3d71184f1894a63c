"""Calibration: turns the scores of networks into error rates and into shares that mean the same for each model."""
