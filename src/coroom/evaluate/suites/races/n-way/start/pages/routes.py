"""Every route of the site."""

ROUTES = [
]
