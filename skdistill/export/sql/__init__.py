"""Students as SELECTs of SQL."""
