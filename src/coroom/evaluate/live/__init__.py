"""Tasks on live state: rows of a database and objects of a cluster, changed through a room's tools by many at once."""
