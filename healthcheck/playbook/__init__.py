"""What to do once an account is late: who acts, when sales helps and when it must stay out, and how to hand over."""
