"""How one kind of model is trained."""
