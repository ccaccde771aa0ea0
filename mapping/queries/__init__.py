"""What the two tabs and the pickers show."""
