"""Webhooks: the outbox of deliveries, and its sender."""
