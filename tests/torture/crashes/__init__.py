"""Servers that are killed, stopped or lose power: nothing acknowledged is lost."""
