"""A simulated province: the inbox of a whole year, with the truth about every planted error.

`dice` is the seed's chance, `world` makes quantities, `projects` and `private` the registers of
projects, `targets` the targets of the year, `fill` puts them on the forms, `plant` spoils some,
`write` makes the workbooks. Everything follows from the seed by hashing, so
that the same seed gives the same values in any order and for any number of communes. What the
code must know about quantities, lines and words stands in simulation.yml; it knows no form.
"""
