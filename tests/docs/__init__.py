"""The commands that the documentation shows are run, and its lists are compared with the code."""
