def table_kind(path, reading):
    return "image"
