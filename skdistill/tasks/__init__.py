"""What y and the outputs mean: classes, several labels, values, quantiles."""
