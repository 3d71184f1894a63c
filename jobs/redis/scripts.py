"""Loads the Lua scripts of `lua/`. Each does the steps that must happen together: no other command runs in between."""

from importlib.resources import files

from jobs.redis.client import Client, Script


def load_script(client: Client, name: str, *shared: str) -> Script:
    """The script `lua/<name>.lua`; the server gets it with its first call.

    Args:
        client: of the server.
        name: of the script.
        shared: names of scripts whose functions it calls.
    """
    folder = files("jobs.redis") / "lua"
    return client.register_script("".join((folder / f"{part}.lua").read_text() for part in (*shared, name)))
