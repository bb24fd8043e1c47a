"""The mangler: correctly filled workbooks, re-made as officials really send them.

`truth` says what was reported, `paper` what a sheet looks like, `habits_*` change the paper,
`verdict` says whether a careful clerk could still read it, `render` writes the file, `reading` asks
the product, `score` compares. `run` does all of it for many workbooks.
"""
