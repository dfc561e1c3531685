"""The whole pipeline from outside: its command line, its Dagster instance, and its death at any moment."""
