"""Messages in, messages out: the tasks that run a stage, and the sessions that they share."""
