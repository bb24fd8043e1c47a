"""The pages that leaders open in the morning: a static site, written with each build.

`pages.yml` says which blocks a page has, `queries/` holds the SQL of each block: every figure that
is shown comes from one of these. `declared.py` reads the one, `results.py` runs the other,
`numbers.py` writes numbers in Vietnamese style, `sources.py` finds the cell behind a figure and
draws its sheet, `downloads.py` writes the tables as files, `shown.py` makes of all this what the
templates show, and `build.py` puts it into a folder. `serve.py` shows it on this machine.
"""
