"""Text from elsewhere, made fit for a log or a terminal."""


def visible(text: str) -> str:
    """Show control characters as escapes.

    So what a label says can neither forge a line nor command a terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )
