"""The commands: each reads like the line of rooms it walks through."""
