"""The resources, async. `just twins` writes the sync twins from these."""
