"""The runs room: what is kept of a run, and where. Files are whole or not there; nothing is ever unpickled."""
