"""Loads the Lua scripts of `lua/`. Each does the steps that must happen together: no other command runs in between."""

from importlib.resources import files

from jobs.redis.client import Client, Script


def load_script(client: Client, name: str) -> Script:
    """The script `lua/<name>.lua`; the server gets it with its first call."""
    return client.register_script((files("jobs.redis") / "lua" / f"{name}.lua").read_text())
