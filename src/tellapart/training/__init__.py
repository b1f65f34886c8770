"""The training room: a module and an iterator in, the end of each epoch out. It knows no data and no model by name."""
