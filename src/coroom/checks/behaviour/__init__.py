"""What one side changed that no type tells, and the other side newly counts on.

- a function that gives something otherwise: `uses` (where one side uses what the other changed, and what becomes of the
  result), and `rules`, a table of small rules over such a use: `signals` (how it says no), `refusals`, `order`,
  `scale`, `texts`, `copies`, `amounts`, `defaults`, `retries`, `zoned`
- what is kept, named or made in many places: `holdings`, with `shared` (one collection for all objects), `zoned`
  (moments in another time zone) and `normal_forms` (texts that are brought into one); `constants`; `families`, with
  `descent` (what a class asks of those that extend it)
- both sides at once: `doubled` (one name or number twice), `concerns` (one thing done twice along a path of calls),
  with `given` (values that are no longer given), `remembered` and `emptied` (results kept while what they are made of
  changes) and `locks` (one that is taken twice)
"""
