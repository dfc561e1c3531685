"""The Dagster layer, thin: it knows the rooms, and no room knows it."""
