"""How much of a teacher is left in a student, with bounds: data first, then its views."""
