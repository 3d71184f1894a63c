"""What every process reads first: settings, logs and the root of the error tree."""
