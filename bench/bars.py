"""A picture of figures: one bar each, as SVG."""

from collections.abc import Mapping
from html import escape
from typing import Final

_ROW: Final = 34
_TOP: Final = 44
_LEFT: Final = 110
_WIDTH: Final = 480
_RIGHT: Final = 110

# Transparent, and readable on light and on dark pages.
_STYLE: Final = """<style>
text { font: 14px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.name { text-anchor: end }
.theirs { fill: #8c959f }
.ours { fill: #1a7f5a }
@media (prefers-color-scheme: dark) {
  text { fill: #d0d7de }
  .theirs { fill: #6e7681 }
  .ours { fill: #3fb98a }
}
</style>"""


def bars(title: str, unit: str, figures: Mapping[str, float], *, ours: str) -> str:
    """Draw *figures* from the least to the greatest; the bar *ours* stands out."""
    most = max(figures.values())
    rows = sorted(figures.items(), key=lambda row: row[1])
    height = _TOP + _ROW * len(rows) + 10
    width = _LEFT + _WIDTH + _RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        f"<title>{escape(title)}</title>",
        _STYLE,
        f'<text class="title" x="10" y="24">{escape(title)}</text>',
    ]
    for number, (name, figure) in enumerate(rows):
        y = _TOP + _ROW * number
        size = max(1.0, _WIDTH * figure / most)
        kind = "ours" if name == ours else "theirs"
        lines += [
            f'<text class="name" x="{_LEFT - 10}" y="{y + 17}">{escape(name)}</text>',
            (
                f'<rect class="{kind}" x="{_LEFT}" y="{y}"'
                f' width="{size:.1f}" height="24"/>'
            ),
            f'<text x="{_LEFT + size + 8:.1f}" y="{y + 17}">{figure:.1f} {unit}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
