"""What comes in: readers and profiles, matching, payers, import manifests."""
