"""How torch modules are trained: loop, batches, losses."""
