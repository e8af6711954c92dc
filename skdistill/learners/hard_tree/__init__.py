"""The search for a small hard tree: rows as codes, costs, moves, and the tree.

Arrays alone; the students that fit such trees are in :mod:`skdistill.students`.
"""
