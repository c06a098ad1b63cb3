"""Operations: set up, upgrade, back up, verify and clean up an installation."""
