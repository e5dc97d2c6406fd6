"""Files as bytes on disks and as texts that merge. What it means for a room is decided above, in `host`.

Four subjects that know little of one another; docs/bridge.md and docs/merge.md say why each is as it is:

- looking at a directory that somebody else writes to: `names` (which paths there are), `beneath` (the only file that
  opens them) over `syscalls` and `reading` (what stands in an open directory), `states` (what was found there),
  `text` (what is mergeable), `ignore`, `scan` (the truth), and `watch` with `hints`, `inotify` and `inotify_instance`
  (where to look)
- putting bytes there without losing any: `puts` (what is asked and answered), `exchange` over `swap`, `stage` (where
  texts wait) and `keeper` (late writes to what was displaced); `tree` is a directory changed that way (`ports.Files`)
- merging: `merge` (the layers, in order), `lines` (three-way by lines), `merge_syntax`, `merge_blocks`, `merge_union`,
  and `merge_checks` (doubts about what came out)
- live texts: `document` (the only file that knows the CRDT), `difference` (from texts to edits), `offsets`, `updates`
"""
