"""Any fitted model as a teacher: its outputs on rows."""
