def read_text(content: bytes) -> str:
    return content.decode()
