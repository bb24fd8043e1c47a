"""From a sender's workbook to cells with an address: pull, register, read, locate, extract, load.

Nothing here knows a form, a unit or a commune by name: forms are contracts (`contracts/*.yml`),
units and lists are seeds (`dbt_project/seeds/*.csv`).
"""
