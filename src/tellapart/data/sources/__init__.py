"""What data come as: a kind of source a file, and what several of them share."""
