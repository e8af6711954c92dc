"""Any fitted model, asked for its outputs on rows."""
