"""What runs when: one file a job, each a short ``run(engine, now, settings)``."""
