"""What shops are told: the outbox of deliveries, and its sender."""
