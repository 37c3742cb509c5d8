"""The live page of a study while it runs: `seedwise watch`.

The page shows where each run is and never how well it does. Seeing scores before the end is a look, and stopping or
going on depending on them makes false claims more frequent. So no value of a metric, and no verdict, leaves
this package.
"""
