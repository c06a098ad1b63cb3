"""Webhooks: the outbox of deliveries, and its sender.

Tested in `tests/resources/test_webhooks.py`.
"""
