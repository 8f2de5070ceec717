"""What the checks would have said month by month on the user's own book, and how often they would have been right."""
