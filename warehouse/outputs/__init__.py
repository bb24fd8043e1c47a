"""What leaves the warehouse for people: official forms, marts as spreadsheets."""
