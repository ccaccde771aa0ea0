"""What the pages and commands of invoices read."""
