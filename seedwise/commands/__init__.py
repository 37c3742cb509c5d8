"""The subcommands of `seedwise`: one module per subcommand, with its flags and its implementation."""
