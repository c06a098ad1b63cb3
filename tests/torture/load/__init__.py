"""Servers under load: memory, slow clients, the bytes that are sent."""
