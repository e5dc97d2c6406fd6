"""Old data judged again: what published runs really produced, beside what was published of them: `codecrdt`, with the
compiler of `typescript`.
"""
