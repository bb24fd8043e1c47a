"""The published figures as the workbooks that the senders would have sent."""
