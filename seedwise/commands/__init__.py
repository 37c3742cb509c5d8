"""The subcommands of `seedwise`: a module each, with its flags and what it does."""
