"""From a sender's workbook to cells with an address: pull, register, read, locate, extract, load.

Nothing here knows a form, a unit or a commune by name: forms are contracts (`contracts/*.yml`),
units and lists are seeds (`dbt_project/seeds/*.csv`).
"""

import os

# nobody here multiplies matrices: numpy's threads for it would only be started, and wait busily
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
