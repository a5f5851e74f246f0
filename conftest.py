"""Load the plugin in a clone. The entry point of an installed pullready has the same name, so it is loaded once."""

pytest_plugins = ["pullready.plugin"]
