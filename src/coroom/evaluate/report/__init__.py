"""The report of an evaluation: tables, plots, and what may not be concluded."""
