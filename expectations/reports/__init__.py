"""What goes back to the senders: one data-quality report each.

Here belongs whatever turns open findings into something an officer reads. What a finding says is
written where its rule lives; this package arranges those sentences and adds none of its own about a
figure.
"""
