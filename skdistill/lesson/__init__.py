"""What the rows teach: targets and weights, soft and hard."""
