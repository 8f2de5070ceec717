"""What people receive: digests, the account page, the outbox, mail. Computes no finding."""
