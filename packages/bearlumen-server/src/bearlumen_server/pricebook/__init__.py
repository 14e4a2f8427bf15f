"""What usage is charged at: an organisation's own dated prices and aliases, then the catalogue."""
