"""An edit on its way from a disk into the room, and out again to the other disks.

- `content`: what a file holds; `mirror` and `shadow`: what is known of one directory
- in: `bridge` (a directory's worker) over `looking`, `intake` with `bases` and `past`, `acceptance` with `judge`
- out: `files` (who has to hear of it), `placing`; `surroundings`: what the bridges of a room share
- `workspace`: all of it as the door uses it, with `admission` (may the tool run), `history`, `restoring`
- under the policy `isolated`: `joining` and `radar`
- `documents`: live texts
"""
