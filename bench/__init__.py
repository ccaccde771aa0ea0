"""What speed is promised, measured: each module prints one table of figures beside their targets."""
