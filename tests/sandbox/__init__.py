"""The sandbox behaves as the fact sheet says Microsoft Entra ID does."""
