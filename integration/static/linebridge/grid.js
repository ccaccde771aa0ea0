// The invoice grid.
