"""Settings, logs and the base class of all errors."""
