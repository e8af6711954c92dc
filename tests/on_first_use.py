"""What several tests share, made by the first that needs it and not when it is listed."""

from collections.abc import Mapping


class OnFirstUse(Mapping):
    """Keys and what makes each value; lists of cases name the keys alone."""

    def __init__(self, makers):
        self._makers = dict(makers)
        self._made = {}

    def __getitem__(self, key):
        if key not in self._made:
            self._made[key] = self._makers[key]()
        return self._made[key]

    def __iter__(self):
        return iter(self._makers)

    def __len__(self):
        return len(self._makers)
