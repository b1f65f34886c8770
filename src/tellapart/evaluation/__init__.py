"""The evaluation room: predictions in; measures, tables, plots and a report out."""
