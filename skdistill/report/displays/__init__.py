"""Pictures of a student beside its teacher, as scikit-learn's displays are made."""
