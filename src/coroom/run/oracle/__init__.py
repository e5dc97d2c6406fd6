"""Oracle bisect: which parts of a candidate make the whole fail, when a reference builds the rest."""
