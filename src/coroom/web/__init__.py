"""The live page: who is here, who holds what, what happened, what conflicts, what landed, what needs a person.

`app` says what is served to whom; `feed` is the stream of what happens, `marks` an event as the page draws it,
`history` the room at an earlier moment, `sides` texts with their authors, `live_text` a followed file, `operator` what
a person may do, `saved` the page as one file. The page's own files are in `static`.
"""
