"""What operators do: set up, upgrade, back up, verify and tidy up an installation."""
